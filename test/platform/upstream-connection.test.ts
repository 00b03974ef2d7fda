import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Sink } from '../../src/platform/dispatch.ts'
import { createUpstreamDispatch } from '../../src/platform/upstream-dispatch.ts'
import { ask, NO_CONTENT, startUpstream } from '../support/raw-upstream.ts'

describe('a request', () => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

  it('goes out as it was given, under the name of its origin, framed by its length', async () => {
    const upstream = await startUpstream(OK)
    const bytes = Buffer.from('{"a":"\u00fc"}')
    const headers = [['Mcp-Name', 'caf\xe9']] as const

    await ask({
      url: `${upstream.url}?a='b&c=+`,
      method: 'POST',
      headers,
      content: { kind: 'whole', bytes },
    })

    const { host } = new URL(upstream.url)
    assert.deepEqual(upstream.asked, [
      `POST /mcp?a='b&c=+ HTTP/1.1\r\nhost: ${host}\r\nMcp-Name: caf\xe9\r\ncontent-length: ${bytes.length}\r\n\r\n${bytes.toString('latin1')}`,
    ])
    upstream.close()
  })

  for (const header of [
    ['X-A', 'a\r\nX-B: b'],
    ['X-A', 'a\nb'],
    ['X-A', '\u0100'],
    ['X-A\r\nX-B', 'b'],
    ['', 'a'],
  ] as const) {
    it(`with the header ${JSON.stringify(header)} is not sent`, async () => {
      const upstream = await startUpstream(OK)

      await assert.rejects(ask({ url: upstream.url, headers: [header] }), TypeError)
      assert.deepEqual(upstream.asked, [])
      upstream.close()
    })
  }

  it('is told where nobody listens', async () => {
    const upstream = await startUpstream(OK)
    upstream.close()

    await assert.rejects(ask({ url: upstream.url }), { reason: 'unreachable' })
  })

  it('that is aborted by what its answer says leaves no dead connection to the next', async () => {
    const upstream = await startUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    const dispatch = createUpstreamDispatch()
    const headed = new Promise<void>((resolve) => {
      const sink: Sink = {
        onHead() {
          // Once all of the answer is there: who aborts now is told nothing more.
          control.abort()
          resolve()
        },
        onData: () => assert.fail('Nobody waits for it'),
        onEnd: () => assert.fail('Nobody waits for it'),
        onError: () => assert.fail('Nobody waits to be told'),
      }
      const control = dispatch(
        { url: upstream.url, method: 'GET', headers: [], content: NO_CONTENT },
        sink,
      )
    })
    await headed

    assert.equal((await ask({ url: upstream.url }, dispatch)).text, 'ok')
    assert.equal(upstream.sockets.length, 2)
    upstream.close()
  })

  it('that is aborted ends its connection', async () => {
    const upstream = await startUpstream('HTTP/1.1 200 OK\r\n\r\nevents')
    const sink: Sink = {
      onHead: () => undefined,
      onData: () => true,
      onEnd: () => assert.fail('It has no end'),
      onError: () => assert.fail('Nobody waits to be told'),
    }
    const control = createUpstreamDispatch()(
      { url: upstream.url, method: 'GET', headers: [], content: NO_CONTENT },
      sink,
    )
    const socket = await upstream.next()

    const closed = new Promise((resolve) => socket.once('close', resolve))
    control.abort()

    await closed
    upstream.close()
  })
})
