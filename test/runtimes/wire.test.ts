import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { HOSTILE_HEADS } from '../corpus/heads.ts'
import { sendRaw } from '../support/raw.ts'
import { RUNTIMES, type Runtime } from './runtimes.ts'
import { createWireLab } from './wire-lab.ts'

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`on the wire, on ${runtime.name}`, { skip }, () => tell(runtime))
}

function tell(runtime: Runtime): void {
  const lab = createWireLab(runtime)

  for (const { what, head, statuses } of HOSTILE_HEADS) {
    it(`refuses ${what.slice(0, 60)}`, async () => {
      const before = lab.arrived

      const { status, text } = await sendRaw(lab.port, head.replaceAll('PORT', String(lab.port)))

      assert.ok(statuses.includes(status ?? 0), `got ${text.slice(0, 200)}`)
      assert.equal(lab.arrived, before)
      assert.equal((await fetch(`${lab.base}/healthz`)).status, 200)
    })
  }

  it('answers OAuth requests that come in chunks or without a body', async () => {
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: localhost:${lab.port}\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n`
    const chunked = 'Transfer-Encoding: chunked\r\n\r\n7\r\nx=12345\r\n0\r\n\r\n'

    for (const body of [chunked, '\r\n', 'Content-Length: 0\r\n\r\n']) {
      const { status, text } = await sendRaw(lab.port, `${head('/demo/token')}${body}`)

      assert.equal(status, 400, text)
      assert.match(text, /"error":"invalid_request"/)
    }
    const { status } = await sendRaw(
      lab.port,
      `${head('/demo/token')}Transfer-Encoding: chunked\r\n\r\n10001\r\n${'x'.repeat(65_537)}\r\n0\r\n\r\n`,
    )
    assert.equal(status, 413)
  })

  it('passes the query on byte for byte', async () => {
    let target = ''
    lab.answer = (incoming, response) => {
      target = incoming.url ?? ''
      response.end('{}')
    }
    await sendRaw(
      lab.port,
      `GET /open/mcp?a='%2e&b=/../&c=+&a=2 HTTP/1.1\r\nHost: localhost:${lab.port}\r\nConnection: close\r\n\r\n`,
    )

    assert.ok(target.endsWith("?a='%2e&b=/../&c=+&a=2"), target)
  })

  it('takes an absolute form of its own host', async () => {
    const head = `GET ${lab.base}/healthz HTTP/1.1\r\nHost: 127.0.0.1:${lab.port}\r\nConnection: close\r\n\r\n`

    assert.equal((await sendRaw(lab.port, head)).status, 200)
  })

  it('passes events on as they come, and the end of interest too', async () => {
    let isUpstreamClosed: Promise<unknown> = Promise.resolve()
    lab.answer = (_, response) => {
      isUpstreamClosed = once(response, 'close')
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: first\n\n')
    }
    const asking = request(`${lab.base}/open/mcp`, { headers: { accept: 'text/event-stream' } })
    asking.end()
    const [response] = await once(asking, 'response')
    const [chunk] = await once(response, 'data')

    assert.equal(String(chunk), 'data: first\n\n')
    asking.on('error', () => undefined)
    asking.destroy()

    await isUpstreamClosed
  })

  it('refuses a body beyond 16 MiB, declared or counted', async () => {
    lab.answer = (incoming, response) => void incoming.resume().on('end', () => response.end('{}'))
    const head = `POST /open/mcp HTTP/1.1\r\nHost: localhost:${lab.port}\r\nContent-Type: application/json\r\nConnection: close\r\n`
    const mebibyte = `100000\r\n${'x'.repeat(1024 * 1024)}\r\n`

    const declared = await sendRaw(
      lab.port,
      `${head}Content-Length: ${16 * 1024 * 1024 + 1}\r\n\r\n`,
    )
    const counted = await sendRaw(
      lab.port,
      `${head}Transfer-Encoding: chunked\r\n\r\n${mebibyte.repeat(17)}0\r\n\r\n`,
    )

    for (const { text } of [declared, counted]) {
      assert.match(text, /^HTTP\/1\.1 413 [\s\S]*"error":"too_large"/)
    }
  })

  it('answers the next request on a connection whose large body upstream did not want', async () => {
    lab.answer = (incoming, response) => {
      if (incoming.url?.includes('early') !== true) return response.end('{"next":true}')
      return response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"early":true}')
    }
    const head = (query: string, more: string) =>
      `POST /open/mcp${query} HTTP/1.1\r\nHost: localhost:${lab.port}\r\nContent-Type: application/json\r\n${more}`
    const large = 2 * 1024 * 1024

    const { text } = await sendRaw(
      lab.port,
      `${head('?early', `Content-Length: ${large}\r\n\r\n`)}${'x'.repeat(large)}${head('', 'Content-Length: 2\r\nConnection: close\r\n\r\n{}')}`,
    )

    assert.match(text, /^HTTP\/1\.1 400 [\s\S]*HTTP\/1\.1 200 [\s\S]*"next":true/)
  })

  it('passes a large body both ways byte for byte', async () => {
    lab.answer = (incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': 'abc' })
      incoming.pipe(outgoing)
    }
    const body = JSON.stringify({ text: 'ü'.repeat(1_000_000) })

    const response = await fetch(`${lab.base}/open/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })

    assert.equal(await response.text(), body)
    assert.equal(response.headers.get('mcp-session-id'), 'abc')
  })

  it('keeps 202 without a body, and 502 for an upstream that resets', async () => {
    const post = () =>
      fetch(`${lab.base}/open/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
    lab.answer = (_, response) => response.writeHead(202).end()
    const accepted = await post()
    assert.equal(accepted.status, 202)
    assert.equal(await accepted.text(), '')

    lab.answer = (incoming) => incoming.socket.destroy()
    assert.equal((await post()).status, 502)
  })

  it('ends the stream of an upstream that resets, and goes on serving', async () => {
    lab.answer = (incoming, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: first\n\n', () => incoming.socket.destroy())
    }

    const response = await fetch(`${lab.base}/open/mcp`)
    await response.text().catch(() => undefined)

    assert.equal((await fetch(`${lab.base}/healthz`)).status, 200)
  })

  it('goes on serving when clients vanish in the middle of a body', async () => {
    lab.answer = (incoming, outgoing) => {
      incoming.resume()
      incoming.on('end', () => outgoing.end('{}'))
    }
    const head = (length: string) =>
      `POST /open/mcp HTTP/1.1\r\nHost: localhost:${lab.port}\r\nContent-Type: application/json\r\n${length}\r\n\r\n`
    for (const length of [
      'Content-Length: 100',
      'Content-Length: 1000000',
      'Transfer-Encoding: chunked',
    ]) {
      for (let time = 0; time < 5; time++) {
        const socket = connect(lab.port, '127.0.0.1')
        await once(socket, 'connect')
        socket.write(`${head(length)}5\r\n{"a":`)
        socket.destroy()
        await once(socket, 'close')
      }
    }

    assert.equal((await fetch(`${lab.base}/healthz`)).status, 200)
  })

  it('does not decode what is compressed, or asks for what is not', async () => {
    let asked = ''
    const bytes = Buffer.from('not really compressed')
    lab.answer = (incoming, response) => {
      asked = String(incoming.headers['accept-encoding'])
      const encoding = asked.includes('gzip') ? { 'Content-Encoding': 'gzip' } : {}
      response.writeHead(200, { 'Content-Type': 'application/json', ...encoding })
      response.end(bytes)
    }
    const asking = request(`${lab.base}/open/mcp`, { headers: { 'accept-encoding': 'gzip' } })
    asking.end()
    const [response] = await once(asking, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)

    assert.deepEqual(Buffer.concat(chunks), bytes)
    assert.equal(response.headers['content-encoding'] === 'gzip', asked.includes('gzip'))
  })
}
