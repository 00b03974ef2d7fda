import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createUpstreamDispatch } from '../../src/platform/upstream-dispatch.ts'
import { ask, startUpstream } from '../support/raw-upstream.ts'

const BODY = 'x'.repeat(10_000)

describe('an answer that ends with its connection', () => {
  for (const [what, head] of [
    ['framed by it', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['framed by it, in HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n'],
    ['framed by a length', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n'],
  ] as const) {
    it(`arrives whole while nobody takes it, ${what}`, async () => {
      const upstream = await startUpstream(`${head}${BODY}`)
      const asked = upstream.next()
      const answered = ask({ url: upstream.url }, undefined, (_, resume) => {
        // Only now, in the pause.
        void asked.then((socket) => socket.end(() => setImmediate(resume)))
        return false
      })

      assert.equal((await answered).text, BODY)
      upstream.close()
    })
  }

  it('is none where it had to be longer', async () => {
    const upstream = await startUpstream('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    void upstream.next().then((socket) => socket.end())

    await assert.rejects(ask({ url: upstream.url }), {
      name: 'UpstreamError',
      reason: 'unreachable',
    })
    upstream.close()
  })
})

describe('an answer', () => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

  for (const [what, bytes, status, text] of [
    [
      'behind interim ones',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: a\r\n\r\n${OK}`,
      200,
      'ok',
    ],
    ['without a reason', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
    ['in chunks', `${CHUNKED}2;a=b\r\nok\r\n0\r\nX-Trailer: x\r\n\r\n`, 200, 'ok'],
    ['204 that tells a length', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n', 204, ''],
    ['304 that tells chunks', 'HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n', 304, ''],
    ['of length 0', 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n', 202, ''],
  ] as const) {
    it(`arrives: ${what}, in one piece or byte by byte, and its connection serves the next`, async () => {
      const upstream = await startUpstream(bytes, '', OK)
      const dispatch = createUpstreamDispatch()
      const whole = await ask({ url: upstream.url }, dispatch)
      const inParts = ask({ url: upstream.url }, dispatch)
      const socket = await upstream.next()
      socket.setNoDelay(true)
      for (const byte of bytes)
        await new Promise((written) => socket.write(byte, 'latin1', written))

      for (const answer of [whole, await inParts]) {
        assert.deepEqual([answer.status, answer.text], [status, text])
      }
      assert.equal((await ask({ url: upstream.url }, dispatch)).text, 'ok')
      assert.equal(upstream.sockets.length, 1)
      upstream.close()
    })
  }

  for (const [what, bytes] of [
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!'],
    [
      'with a length and chunks',
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'in a coding of which we know nothing',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
    ['with a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
    ['with a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok'],
    ['that is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['that switches protocols', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
    ['whose head has no end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(40_000)}`],
    ['with a chunk of a bad size', `${CHUNKED}-1\r\nok\r\n0\r\n\r\n`],
    ['with a chunk that is longer than it says', `${CHUNKED}1\r\nok\r\n0\r\n\r\n`],
  ] as const) {
    it(`${what} is refused, and its connection not used again`, async () => {
      const upstream = await startUpstream(bytes, OK)
      const dispatch = createUpstreamDispatch()

      await assert.rejects(ask({ url: upstream.url }, dispatch), { reason: 'unreachable' })
      assert.equal((await ask({ url: upstream.url }, dispatch)).text, 'ok')
      assert.equal(upstream.sockets.length, 2)
      upstream.close()
    })
  }

  it('is not taken for that of the next request where upstream says more than it was asked', async () => {
    const upstream = await startUpstream(
      `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
      OK,
    )
    const dispatch = createUpstreamDispatch()

    assert.equal((await ask({ url: upstream.url }, dispatch)).text, 'ok')
    assert.equal((await ask({ url: upstream.url }, dispatch)).text, 'ok')
    assert.equal(upstream.sockets.length, 2)
    upstream.close()
  })

  for (const line of ['Connection: close', 'Keep-Alive: timeout=1']) {
    it(`that says ${line} is the last of its connection`, async () => {
      const upstream = await startUpstream(
        `HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 2\r\n\r\nok`,
      )
      const dispatch = createUpstreamDispatch()

      await ask({ url: upstream.url }, dispatch)
      await ask({ url: upstream.url }, dispatch)

      assert.equal(upstream.sockets.length, 2)
      upstream.close()
    })
  }
})
