import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Listener } from '../../src/platform/platform.ts'
import { HOST, LAST, openSocket, PATIENT, startListener } from '../support/listener.ts'
import { sendRaw } from '../support/raw.ts'

describe('a listener', () => {
  let server: Listener & { readonly seen: string[]; readonly left: string[] }

  before(async () => {
    server = await startListener(PATIENT)
  })

  after(() => server.close())

  const statusesOf = (text: string) =>
    [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)

  it('answers requests that stand behind each other in their order', async () => {
    const post = (body: string) =>
      `POST /p HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`
    const chunked = `POST /c HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`
    const get = `GET /g HTTP/1.1\r\n${HOST}\r\n`

    const { text } = await sendRaw(
      server.port,
      `${post('1')}${get}${chunked}${post('22')}\r\nGET /l HTTP/1.1\r\n${HOST}${LAST}`,
    )

    assert.deepEqual(text.match(/<.*?>/g), ['</p 1>', '</g >', '</c abc>', '</p 22>', '</l >'])
  })

  it('reads a request that comes byte by byte', async () => {
    const { socket, closed } = await openSocket(server.port)
    socket.setNoDelay(true)
    const request = `POST /bytes HTTP/1.1\r\n${HOST}Content-Length: 3\r\n${LAST}abc`
    for (const byte of request) await new Promise((written) => socket.write(byte, written))

    assert.match(await closed, /<\/bytes abc>$/)
  })

  it('keeps a connection, and says for how long', async () => {
    const client = await openSocket(server.port)
    client.socket.write(`GET /one HTTP/1.1\r\n${HOST}\r\n`)
    const first = await client.until(/<\/one >/)
    client.socket.write(`GET /two HTTP/1.1\r\n${HOST}\r\n`)

    assert.match(await client.until(/<\/two >/), /<\/two >$/)
    assert.match(first, /\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\n/)
    client.socket.destroy()
  })

  it('asks for a body that a client waits with, once somebody reads it', async () => {
    const client = await openSocket(server.port)
    client.socket.write(
      `POST /e HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n${LAST}`,
    )
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    client.socket.write('ok')

    assert.match(await client.closed, /<\/e ok>$/)
  })

  it('answers HTTP/1.0 without chunks, and ends the connection', async () => {
    const whole = await sendRaw(server.port, `GET /old HTTP/1.0\r\n${HOST}\r\n`)
    const client = await openSocket(server.port)
    client.socket.write(`GET /events HTTP/1.0\r\n${HOST}\r\n`)
    const stream = await client.until(/data: 1\n\n$/)
    client.socket.destroy()

    assert.match(whole.text, /\r\nconnection: close\r\n\r\n<\/old >$/)
    assert.doesNotMatch(stream, /transfer-encoding/i)
  })

  it('answers HEAD with a head alone', async () => {
    const { text } = await sendRaw(
      server.port,
      `HEAD /h HTTP/1.1\r\n${HOST}\r\nGET /g HTTP/1.1\r\n${HOST}${LAST}`,
    )

    assert.deepEqual(statusesOf(text), ['200', '200'])
    assert.deepEqual(text.match(/<.*?>/g), ['</g >'])
  })

  it('writes each cookie as a line', async () => {
    const { text } = await sendRaw(server.port, `GET /g HTTP/1.1\r\n${HOST}${LAST}`)

    assert.match(text, /\r\nset-cookie: a=b\r\n/)
  })

  it('ends the connection of what fails, and no more', async () => {
    const { text } = await sendRaw(server.port, `GET /fault HTTP/1.1\r\n${HOST}\r\n`)

    assert.equal(text, '')
    assert.equal((await sendRaw(server.port, `GET /g HTTP/1.1\r\n${HOST}${LAST}`)).status, 200)
  })

  it('tells what it began that the client has left', async () => {
    const client = await openSocket(server.port)
    client.socket.write(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await client.until(/data: 1/)

    client.socket.destroy()

    while (!server.left.includes('/events')) await new Promise(setImmediate)
  })

  it('gives each body its own length, whatever else of the head was said before', async () => {
    const post = (length: number) =>
      `POST /length HTTP/1.1\r\n${HOST}Content-Length: ${length}\r\n\r\n${'x'.repeat(length)}`

    const { text } = await sendRaw(
      server.port,
      `${post(9)}${post(3)}GET /l HTTP/1.1\r\n${HOST}${LAST}`,
    )

    assert.deepEqual(text.match(/<.*?>/g), ['<9>', '<3>', '</l >'])
  })

  it('answers no more to a client that reads no answers', async () => {
    const client = await openSocket(server.port)
    client.socket.pause()
    const before = server.seen.length
    client.socket.write(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000))
    let seen = -1
    while (seen !== server.seen.length || seen === before) {
      seen = server.seen.length
      await turns(50)
    }

    assert.ok(seen - before < 100, `${seen - before} answers`)
    client.socket.destroy()
  })

  it('sees a client leave behind whatever it said meanwhile', async () => {
    const client = await openSocket(server.port)
    const before = server.left.length
    client.socket.write(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await client.until(/data: 1/)
    client.socket.write(`GET /behind HTTP/1.1\r\n${HOST}\r\n`.repeat(5_000))

    client.socket.end()

    while (server.left.length === before) await new Promise(setImmediate)
    assert.equal(server.seen.includes('GET /behind '), false)
    client.socket.destroy()
  })

  for (const [what, request] of [
    ['a body that it was not asked for', 'Expect: 100-continue\r\nContent-Length: 40\r\n\r\n'],
    ['chunks that nobody read', 'Transfer-Encoding: chunked\r\n\r\n'],
    ['more than anybody reads', 'Content-Length: 99999999\r\n\r\n'],
  ] as const) {
    it(`ends the connection where the next request could be ${what}`, async () => {
      const client = await openSocket(server.port)
      client.socket.write(`POST /unread HTTP/1.1\r\n${HOST}${request}`)
      await client.until(/<unread>/)
      client.socket.write(`GET /behind HTTP/1.1\r\n${HOST}\r\n`)

      const text = await client.closed
      assert.match(text, /^HTTP\/1\.1 415 [\s\S]*\r\nconnection: close\r\n\r\n<unread>$/)
    })
  }

  it('gives no second answer to a request whose body went wrong behind the first', async () => {
    const client = await openSocket(server.port)
    client.socket.write(`POST /unread HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\n`)
    await client.until(/<unread>/)
    client.socket.write('no size\r\n')

    assert.deepEqual(statusesOf(await client.closed), ['415'])
  })

  for (const [what, bytes, status] of [
    ['a head that is too long', `GET / HTTP/1.1\r\n${HOST}A: ${'a'.repeat(33_000)}\r\n\r\n`, '431'],
    ['a head that is too long and has no end', `GET / HTTP/1.1\r\nA: ${'a'.repeat(33_000)}`, '431'],
    ['lines that end in LF alone', 'GET / HTTP/1.1\nHost: localhost\n\n', '400'],
    ['another version', `GET / HTTP/3.0\r\n${HOST}\r\n`, '505'],
    ['an expectation that nobody can meet', `POST / HTTP/1.1\r\n${HOST}Expect: a\r\n\r\n`, '417'],
    ['what is no HTTP', '\x16\x03\x01\x02\x00\r\n\r\n', '400'],
    ['chunks in HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`, '400'],
    [
      'a chunk of a bad size',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n`,
      '400',
    ],
    [
      'a chunk that is longer than it says',
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n`,
      '400',
    ],
  ] as const) {
    it(`refuses ${what}, and reads nothing behind it`, async () => {
      const before = server.seen.filter((line) => line.includes('/behind')).length

      const { text } = await sendRaw(server.port, `${bytes}GET /behind HTTP/1.1\r\n${HOST}${LAST}`)

      assert.deepEqual(statusesOf(text), [status])
      assert.match(text, /\r\ncache-control: no-store\r\n/)
      assert.match(text, /\r\nconnection: close\r\n/)
      assert.equal(server.seen.filter((line) => line.includes('/behind')).length, before)
    })
  }
})

/** Lets all that is ready happen, so many times. */
async function turns(count: number): Promise<void> {
  for (let time = 0; time < count; time += 1) await new Promise(setImmediate)
}
