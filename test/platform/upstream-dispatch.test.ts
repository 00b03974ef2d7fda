import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { Dispatched, Sink } from '../../src/platform/dispatch.ts'
import { createUpstreamDispatch } from '../../src/platform/upstream-dispatch.ts'
import { portOf } from '../support/proxy.ts'

const BODY = 'x'.repeat(10_000)
const NO_CONTENT = { kind: 'whole', bytes: new Uint8Array() } as const

/** An upstream that answers each request on a connection with the next of these texts. */
async function startUpstream(...answers: readonly string[]) {
  const asked: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      asked.push(chunk.toString('latin1'))
      socket.write(answers[(asked.length - 1) % answers.length] ?? '', 'latin1')
      server.emit('asked', socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}/mcp`,
    asked,
    sockets,
    next: () => once(server, 'asked').then(([socket]: Socket[]) => socket ?? assert.fail()),
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly length: number | undefined
  readonly text: string
}

/** Asks once, and takes what comes so. */
function ask(
  request: Pick<Dispatched, 'url'> & Partial<Dispatched>,
  dispatch = createUpstreamDispatch(),
  onData: (chunk: Uint8Array, resume: () => void) => boolean = () => true,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Answer = { status: 0, headers: [], length: undefined, text: '' }
    const sink: Sink = {
      onHead(status, headers, length) {
        answer = { status, headers, length, text: '' }
      },
      onData(chunk) {
        answer = { ...answer, text: answer.text + Buffer.from(chunk).toString('latin1') }
        return onData(chunk, () => control.resume())
      },
      onEnd: () => resolve(answer),
      onError: reject,
    }
    const control = dispatch({ method: 'GET', headers: [], content: NO_CONTENT, ...request }, sink)
  })
}

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
