import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { listen } from '../../src/platform/http-server.ts'
import type { Listener } from '../../src/platform/platform.ts'
import type { Patience } from '../../src/platform/server-connection.ts'
import { sendRaw } from '../support/raw.ts'

const PATIENT: Patience = { head: 60_000, body: 60_000, idle: 60_000, linger: 200 }
const IMPATIENT: Patience = { head: 100, body: 100, idle: 100, linger: 50 }
const HOST = 'Host: localhost\r\n'
const LAST = 'Connection: close\r\n\r\n'

/** Answers with the method, the target and the body of each request, at once or when it is let. */
async function start(patience: Patience, until: Promise<void> = Promise.resolve()) {
  const seen: string[] = []
  const left: string[] = []
  const app = async (request: Request) => {
    const { pathname } = new URL(request.url)
    request.signal.addEventListener('abort', () => left.push(pathname))
    const body = request.method === 'POST' ? await request.text().catch(() => 'gone') : ''
    seen.push(`${request.method} ${pathname} ${body}`)
    if (pathname === '/later') await until
    if (pathname === '/events') return new Response(endless(), EVENTS)
    if (pathname === '/fault') throw new Error('a fault')
    return new Response(`<${pathname} ${body}>`, { headers: { 'Set-Cookie': 'a=b' } })
  }
  const dispatch = () => assert.fail('Nothing goes upstream')
  const listener = await listen({ host: '127.0.0.1', port: 0, app }, { dispatch, patience })
  return { ...listener, seen, left }
}

const EVENTS = { headers: { 'Content-Type': 'text/event-stream' } }

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
  })
}

/** A client's socket, and all that it has received. */
async function open(port: number) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    socket.emit('text')
  })
  socket.on('error', () => undefined)
  return {
    socket,
    closed: new Promise<string>((resolve) => socket.once('close', () => resolve(text))),
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) await once(socket, 'text')
      return text
    },
  }
}

describe('a listener', () => {
  let server: Listener & { readonly seen: string[]; readonly left: string[] }

  before(async () => {
    server = await start(PATIENT)
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
    const { socket, closed } = await open(server.port)
    socket.setNoDelay(true)
    const request = `POST /bytes HTTP/1.1\r\n${HOST}Content-Length: 3\r\n${LAST}abc`
    for (const byte of request) await new Promise((written) => socket.write(byte, written))

    assert.match(await closed, /<\/bytes abc>$/)
  })

  it('keeps a connection, and says for how long', async () => {
    const client = await open(server.port)
    client.socket.write(`GET /one HTTP/1.1\r\n${HOST}\r\n`)
    const first = await client.until(/<\/one >/)
    client.socket.write(`GET /two HTTP/1.1\r\n${HOST}\r\n`)

    assert.match(await client.until(/<\/two >/), /<\/two >$/)
    assert.match(first, /\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\n/)
    client.socket.destroy()
  })

  it('asks for a body that a client waits with, once somebody reads it', async () => {
    const client = await open(server.port)
    client.socket.write(
      `POST /e HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n${LAST}`,
    )
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    client.socket.write('ok')

    assert.match(await client.closed, /<\/e ok>$/)
  })

  it('answers HTTP/1.0 without chunks, and ends the connection', async () => {
    const whole = await sendRaw(server.port, `GET /old HTTP/1.0\r\n${HOST}\r\n`)
    const client = await open(server.port)
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
    const client = await open(server.port)
    client.socket.write(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await client.until(/data: 1/)

    client.socket.destroy()

    while (!server.left.includes('/events')) await new Promise(setImmediate)
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

describe('a listener whose patience ends', () => {
  let server: Listener

  before(async () => {
    server = await start(IMPATIENT)
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
      const { socket, closed } = await open(server.port)
      socket.write(bytes)

      assert.match(await closed, answer)
    })
  }

  it('does not end a stream', async () => {
    const client = await open(server.port)
    client.socket.write(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await client.until(/data: 1/)
    const other = await open(server.port)

    // Whoever came later is ended before.
    await other.closed
    await (await open(server.port)).closed

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
    const server = await start(PATIENT, until)
    const [idle, events, later] = [
      await open(server.port),
      await open(server.port),
      await open(server.port),
    ]
    events.socket.write(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await events.until(/data: 1/)
    const behind = `GET /behind HTTP/1.1\r\n${HOST}\r\n`
    later.socket.write(`POST /later HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nok${behind}`)
    while (!server.seen.includes('POST /later ok')) await new Promise(setImmediate)

    const stopped = server.close()
    await Promise.all([idle.closed, events.closed])
    release()

    const text = await later.closed
    assert.match(text, /connection: close\r\n\r\n<\/later ok>$/)
    assert.equal(server.seen.includes('GET /behind '), false)
    await stopped
    await assert.rejects(once(connectTo(server.port), 'connect'), { code: 'ECONNREFUSED' })
  })
})

function connectTo(port: number): Socket {
  return connect(port, '127.0.0.1')
}
