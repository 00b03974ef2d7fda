import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createEndpointRewriter } from '../../src/gateway/event-stream.ts'

const rewrite = async (endpoint: string) =>
  endpoint.startsWith('/') && !endpoint.startsWith('//')
    ? `https://public.example${endpoint}`
    : undefined

async function send(chunks: readonly Uint8Array[]): Promise<string> {
  const rewriter = createEndpointRewriter(rewrite)
  const passed: Uint8Array[] = []
  for (const chunk of chunks) passed.push(await rewriter.pass(chunk))
  return Buffer.concat([...passed, rewriter.flush()]).toString()
}

function split(text: string, points: readonly number[]): Uint8Array[] {
  const bytes = new TextEncoder().encode(text)
  const cuts = [0, ...points.map((point) => point % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  )
  return cuts.slice(1).map((end, at) => bytes.slice(cuts[at], end))
}

const REST = 'event: message\ndata: {"grüße": "event: endpoint"}\n\ndata: /not-this\n\n'

describe('createEndpointRewriter', () => {
  for (const [what, first] of [
    ['LF', 'event: endpoint\ndata: /messages?sessionId=1\n\n'],
    ['CRLF', 'event: endpoint\r\ndata: /messages?sessionId=1\r\n\r\n'],
    ['CR', 'event: endpoint\rdata: /messages?sessionId=1\r\r'],
    ['no space', 'event:endpoint\ndata:/messages?sessionId=1\n\n'],
    ['a byte order mark', '\uFEFFevent: endpoint\ndata: /messages?sessionId=1\n\n'],
    ['line ends of two kinds', 'event: endpoint\r\ndata: /messages?sessionId=1\n\r\n'],
    ['line ends of other kinds', 'event: endpoint\ndata: /messages?sessionId=1\r\n\n'],
    ['the data first', 'data: /messages?sessionId=1\nevent: endpoint\n\n'],
  ] as const) {
    it(`rewrites the first event with ${what}, wherever it is split`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 8 }), async (points) => {
          assert.equal(
            await send(split(first + REST, points)),
            `event: endpoint\ndata: https://public.example/messages?sessionId=1\n\n${REST}`,
          )
        }),
      )
    })
  }

  it('lets comments go first, and a stream without endpoint pass as it is', async () => {
    const first = 'event: endpoint\ndata: /m\n\n'

    assert.equal(
      await send(split(`: hi\n\n: there\n\n${first}${REST}`, [3, 9])),
      `: hi\n\n: there\n\nevent: endpoint\ndata: https://public.example/m\n\n${REST}`,
    )
    for (const untouched of [
      REST,
      `id: 1\ndata:\n\n${first}`,
      'data: unfinished',
      '',
      ': only\n\n',
      `data: ${'x'.repeat(20_000)}`,
    ]) {
      assert.equal(await send(split(untouched, [1, 5, 100])), untouched)
    }
  })

  it('passes no endpoint whose event does not end', async () => {
    assert.equal(await send(split('event: endpoint\r\ndata: https://evil.test/x\r\n\r', [])), '')
  })

  it('ends the stream at an endpoint that is too long to be looked at', async () => {
    const first = `event: endpoint\ndata: https://evil.test/${'x'.repeat(9_000)}`

    await assert.rejects(send(split(first, [100])))
  })

  for (const endpoint of ['https://evil.test/x', '//evil.test', 'javascript:1', '']) {
    it(`ends the stream at ${JSON.stringify(endpoint)}`, async () => {
      await assert.rejects(send(split(`event: endpoint\ndata: ${endpoint}\n\n`, [])))
    })
  }
})
