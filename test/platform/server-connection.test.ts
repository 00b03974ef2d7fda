import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Listener } from '../../src/platform/platform.ts'
import { HOST, IMPATIENT, openSocket, PATIENT, startListener } from '../support/listener.ts'

describe('a listener whose patience ends', () => {
  let server: Listener

  before(async () => {
    server = await startListener(IMPATIENT)
  })

  after(() => server.close())

  for (const [what, bytes, answer] of [
    ['nothing', '', /^$/],
    ['half a head', `GET / HTTP/1.1\r\n${HOST}`, /^HTTP\/1\.1 408 /],
    ['half a body', `POST / HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nhalf`, /^HTTP\/1\.1 408 /],
    ['one request and no other', `GET / HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 200 .*>$/s],
    [
      'one request and half another',
      `GET / HTTP/1.1\r\n${HOST}\r\nGET`,
      /^HTTP\/1\.1 200 .*HTTP\/1\.1 408 /s,
    ],
  ] as const) {
    it(`ends the connection that sent ${what}`, async () => {
      const { socket, closed } = await openSocket(server.port)
      socket.write(bytes)

      assert.match(await closed, answer)
    })
  }

  it('does not end a stream', async () => {
    const client = await openSocket(server.port)
    client.socket.write(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await client.until(/data: 1/)
    const other = await openSocket(server.port)

    // Whoever came later is ended before.
    await other.closed
    await (await openSocket(server.port)).closed

    assert.equal(client.socket.readyState, 'open')
    client.socket.destroy()
  })
})

describe('a listener that stops', () => {
  it('finishes what it has begun, ends what only listens, and takes nothing more', async () => {
    let release = () => {}
    const until = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = await startListener(PATIENT, until)
    const [idle, events, later, got] = [
      await openSocket(server.port),
      await openSocket(server.port),
      await openSocket(server.port),
      await openSocket(server.port),
    ]
    got.socket.write(`GET /later HTTP/1.1\r\n${HOST}\r\n`)
    events.socket.write(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await events.until(/data: 1/)
    const behind = `GET /behind HTTP/1.1\r\n${HOST}\r\n`
    later.socket.write(`POST /later HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nok${behind}`)
    const begun = ['POST /later ok', 'GET /later ']
    while (!begun.every((line) => server.seen.includes(line))) await new Promise(setImmediate)

    const stopped = server.close()
    await Promise.all([idle.closed, events.closed])
    release()

    const text = await later.closed
    assert.match(text, /connection: close\r\n\r\n<\/later ok>$/)
    assert.match(await got.closed, /connection: close\r\n\r\n<\/later >$/)
    assert.equal(server.seen.includes('GET /behind '), false)
    await stopped
    await assert.rejects(once(connect(server.port), 'connect'), { code: 'ECONNREFUSED' })
  })
})
