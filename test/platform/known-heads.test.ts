import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createHeadReader } from '../../src/platform/known-heads.ts'

interface Wire {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly peer: string
}

const incoming = ({ peer, ...wire }: Wire) =>
  ({ ...wire, socket: { remoteAddress: peer } }) as unknown as IncomingMessage

const POST: Wire = {
  method: 'POST',
  url: '/gh/mcp?a=1',
  rawHeaders: ['Host', 'localhost:4000', 'Authorization', 'Bearer t', 'Content-Length', '12'],
  peer: '::ffff:127.0.0.1',
}
const HOST = ['Host', 'localhost:4000']
/** Few, so that most come again, and such that each is close to another. */
const HEADS = [
  [...HOST, 'Authorization', 'Bearer t', 'Content-Length', '12'],
  [...HOST, 'Authorization', 'Bearer t', 'Content-Length', '13'],
  [...HOST, 'Authorization', 'Bearer t', 'X-Length', '12'],
  [...HOST, 'Authorization', 'Bearer t', 'Transfer-Encoding', 'chunked'],
  [...HOST, 'Authorization', 'Bearer t', 'Authorization', 'Bearer u'],
  ['Host', 'other.example', 'Authorization', 'Bearer t', 'Content-Length', '12'],
  ['Authorization', 'Bearer t', ...HOST, 'Content-Length', '12'],
  [...HOST, 'Authorization', '/gh/mcp'],
  HOST,
]

describe('a reader of heads', () => {
  it('reads every head as one does that remembers none', () => {
    const wires = fc.record({
      method: fc.constantFrom('POST', 'TRACE'),
      url: fc.constantFrom('/gh/mcp', '/gh/mcp?a=1', '/a//b'),
      rawHeaders: fc.constantFrom(...HEADS),
      peer: fc.constantFrom('127.0.0.1', '10.0.0.1'),
    })
    fc.assert(
      fc.property(fc.array(wires, { minLength: 50, maxLength: 150 }), (requests) => {
        const remembering = createHeadReader()
        for (const request of requests) {
          const read = remembering(incoming(request))
          const fresh = createHeadReader()(incoming(request))
          assert.deepEqual(withoutLength(read), withoutLength(fresh))
        }
      }),
    )
  })

  it('hands over the same head for the same lines, whatever the length of the body', () => {
    const read = createHeadReader()
    const rawHeaders = POST.rawHeaders.with(5, '99')

    const first = read(incoming(POST))
    const again = read(incoming({ ...POST, rawHeaders }))

    assert.equal(again, first)
    assert.equal(first.kind === 'passed' ? first.lengthAt : undefined, 5)
  })

  for (const [what, change] of [
    ['method', { method: 'GET' }],
    ['target', { url: '/gh/mcp?a=2' }],
    ['peer', { peer: '10.0.0.1' }],
    ['value of a header', { rawHeaders: POST.rawHeaders.with(1, 'localhost:4001') }],
    ['name of a header', { rawHeaders: POST.rawHeaders.with(4, 'X-Length') }],
    ['number of headers', { rawHeaders: [...POST.rawHeaders, 'Accept', '*/*'] }],
  ] as const) {
    it(`does not take a head for one with another ${what}`, () => {
      const read = createHeadReader()

      const first = read(incoming(POST))

      assert.notEqual(read(incoming({ ...POST, ...change })), first)
    })
  }
})

/** All that is read, but for the length of the body, which is read off the wire each time. */
function withoutLength(read: ReturnType<ReturnType<typeof createHeadReader>>) {
  if (read.kind === 'refused') return read
  const { head, ...rest } = read
  const headers = [...head.headers].filter(([name]) => name !== 'content-length')
  return { ...rest, method: head.method, url: head.url, headers }
}
