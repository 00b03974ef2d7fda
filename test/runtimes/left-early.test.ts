import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { portOf } from '../support/proxy.ts'
import { RUNTIMES, serve } from './runtimes.ts'

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  it(`a client that left before it was let in opens no stream, on ${runtime.name}`, {
    skip,
  }, async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
    const provider = await start()
    const upstream = await start()
    const config = join(folder, 'config.yaml')
    writeFileSync(
      config,
      `mcp_servers: { s: { url: '${upstream.url}/mcp', auth_type: oauth2, oauth2_flow: client_credentials, access: open, client_id: c, client_secret: t, token_url: '${provider.url}/t' } }`,
    )
    const { child, base } = await serve(runtime, config)
    test.after(async () => {
      await child.stop()
      provider.close()
      upstream.close()
      rmSync(folder, { recursive: true })
    })

    const leaving = ask(base, 'left')
    const token = await provider.next()
    leaving.destroy()
    await once(leaving, 'close')
    for (let time = 0; time < 3; time++) await fetch(`${base}/healthz`)
    token.response.setHeader('Content-Type', 'application/json')
    token.response.end('{"access_token":"a","token_type":"Bearer","expires_in":3600}')
    const staying = ask(base, 'stayed')
    const arrived = await upstream.next()

    assert.equal(arrived.lastEventId, 'stayed')
    staying.destroy()
  })
}

function ask(base: string, lastEventId: string) {
  const { host, port } = new URL(base)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    `GET /s/mcp HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nLast-Event-ID: ${lastEventId}\r\n\r\n`,
  )
  return socket
}

/** A server whose requests are answered by whoever takes them. */
async function start() {
  const arrived: { readonly lastEventId: string; readonly response: ServerResponse }[] = []
  const server = createServer((request, response) => {
    arrived.push({ lastEventId: String(request.headers['last-event-id']), response })
    server.emit('arrived')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    async next() {
      while (arrived.length === 0) await once(server, 'arrived')
      const [first] = arrived
      assert.ok(first !== undefined)
      return first
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
