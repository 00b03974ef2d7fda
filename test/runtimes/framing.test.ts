import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { sendRaw } from '../support/raw.ts'
import { RUNTIMES, type Runtime } from './runtimes.ts'
import { createWireLab, type WireLab } from './wire-lab.ts'

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`where one request ends and the next begins, on ${runtime.name}`, { skip }, () =>
    tell(runtime),
  )
}

function tell(runtime: Runtime): void {
  const lab = createWireLab(runtime)

  for (const [what, body] of [
    ['a size with a sign', '+2\r\nok\r\n0\r\n\r\n'],
    ['a size with 0x', '0x2\r\nok\r\n0\r\n\r\n'],
    ['a size behind a blank', ' 2\r\nok\r\n0\r\n\r\n'],
    ['no size', '\r\nok\r\n0\r\n\r\n'],
    ['a size beyond all numbers', 'fffffffffffffffff\r\nok\r\n0\r\n\r\n'],
    ['more bytes than it says', '1\r\nok\r\n0\r\n\r\n'],
    ['lines that end in LF alone', '2\nok\n0\n\n'],
    ['a CR in a line', '2;\ra\r\nok\r\n0\r\n\r\n'],
    ['extensions without end', `2;${'a'.repeat(70_000)}\r\nok\r\n0\r\n\r\n`],
    ['trailers without end', `2\r\nok\r\n0\r\n${'A: b\r\n'.repeat(5_000)}\r\n`],
  ] as const) {
    it(`refuses a chunk of ${what}, and what stands behind it`, async () => {
      const head = (path: string) =>
        `POST ${path} HTTP/1.1\r\nHost: localhost:${lab.port}\r\nContent-Type: application/json\r\n`

      const { text } = await sendRaw(
        lab.port,
        `${head('/open/mcp')}Transfer-Encoding: chunked\r\n\r\n${body}GET /healthz HTTP/1.1\r\nHost: localhost:${lab.port}\r\nConnection: close\r\n\r\n`,
      )

      assert.match(text, /^HTTP\/1\.1 400 /)
      assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1)
    })
  }

  it('answers requests that stand behind each other in their order', async () => {
    lab.answer = (incoming, response) => {
      const number = incoming.url?.slice(-1)
      // The first takes longest.
      const end = () => response.end(`<${number}>`)
      if (number === '1') setImmediate(() => setImmediate(end))
      else end()
    }
    const post = (number: number, more = '') =>
      `POST /open/mcp?${number} HTTP/1.1\r\nHost: localhost:${lab.port}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n${more}\r\n{}`

    const { text } = await sendRaw(
      lab.port,
      `${post(1)}${post(2)}\r\n${post(3)}${post(4, 'Connection: close\r\n')}`,
    )

    assert.deepEqual(text.match(/<\d>/g), ['<1>', '<2>', '<3>', '<4>'])
  })

  it('asks for a body that a client waits with, and not for one that is too large', async () => {
    lab.answer = (incoming, response) => void incoming.resume().on('end', () => response.end('{}'))
    const head = `POST /open/mcp HTTP/1.1\r\nHost: localhost:${lab.port}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\n`
    const socket = connect(lab.port, '127.0.0.1')
    socket.write(`${head}Content-Length: 2\r\n\r\n`)
    const [asked] = await once(socket, 'data')
    socket.end('{}')
    const large = await sendRaw(lab.port, `${head}Content-Length: 99999999\r\n\r\n`)

    assert.equal(String(asked), 'HTTP/1.1 100 Continue\r\n\r\n')
    assert.match(large.text, /^HTTP\/1\.1 413 /)
  })

  it('holds an upstream back while its client reads nothing, and loses nothing of the answer', async () => {
    const poured = pour(lab)
    const socket = connect(lab.port, '127.0.0.1')
    socket.pause()
    socket.write(
      `POST /open/mcp HTTP/1.0\r\nHost: localhost:${lab.port}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    )
    let before = -1
    while (poured.bytes === 0 || poured.bytes !== before) {
      before = poured.bytes
      for (let time = 0; time < 20; time += 1) await fetch(`${lab.base}/healthz`)
    }

    assert.ok(poured.bytes < POURED / 2, `${poured.bytes} of ${POURED} bytes were taken`)
    const expected = createHash('sha256')
    for (let at = 0; at < POURED; at += CHUNK.length) expected.update(CHUNK)
    const { length, digest } = await readBody(socket)
    assert.equal(length, POURED)
    assert.equal(digest, expected.digest('hex'))
  })

  it('ends an answer of 205 by its length, as its status does not', async () => {
    lab.answer = (_, response) => response.writeHead(205, { 'Content-Length': '0' }).end()

    const { text } = await sendRaw(
      lab.port,
      `GET /open/mcp HTTP/1.1\r\nHost: localhost:${lab.port}\r\nConnection: close\r\n\r\n`,
    )

    assert.match(text, /^HTTP\/1\.1 205 [\s\S]*\r\ncontent-length: 0\r\n/)
  })

  it('answers HTTP/1.0 with an end of the connection in place of chunks', async () => {
    lab.answer = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
      setImmediate(() => response.end('data: 2\n\n'))
    }

    const { text } = await sendRaw(
      lab.port,
      `GET /open/mcp HTTP/1.0\r\nHost: localhost:${lab.port}\r\n\r\n`,
    )

    assert.match(text, /connection: close\r\n\r\ndata: 1\n\ndata: 2\n\n$/)
  })
}

const POURED = 64 * 1024 * 1024 // bytes; more than all sockets on the way hold
const CHUNK = Buffer.from('0123456789abcdef'.repeat(4_096))

/** Has the upstream answer with as much as it may. */
function pour(lab: WireLab): { readonly bytes: number } {
  const poured = { bytes: 0 }
  const go = (response: ServerResponse) => {
    while (poured.bytes < POURED && !response.writableNeedDrain) {
      poured.bytes += CHUNK.length
      response.write(CHUNK)
    }
    if (poured.bytes === POURED) response.end()
  }
  lab.answer = (incoming, response) => {
    incoming.resume()
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' })
    response.on('drain', () => go(response))
    go(response)
  }
  return poured
}

/** What follows the head of an answer. */
async function readBody(socket: Socket) {
  const hash = createHash('sha256')
  let length = 0
  let isBody = false
  for await (const part of socket) {
    const body = isBody ? part : part.subarray(part.indexOf('\r\n\r\n') + 4)
    isBody = true
    hash.update(body)
    length += body.length
  }
  return { length, digest: hash.digest('hex') }
}
