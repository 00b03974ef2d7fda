import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { sendRaw } from '../support/raw.ts'
import { RUNTIMES, type Runtime } from './runtimes.ts'
import { createWireLab } from './wire-lab.ts'

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
