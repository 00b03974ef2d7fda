import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { makeCertificate } from '../support/certificate.ts'
import { portOf } from '../support/proxy.ts'
import { RUNTIMES, type Runtime, serve } from './runtimes.ts'

const BODY = `{"text":"${'ü'.repeat(100_000)}"}`

for (const runtime of RUNTIMES) {
  const isInstalled = runtime.isInstalled && existsSync('/usr/bin/openssl')
  describe(
    `an MCP server behind TLS, on ${runtime.name}`,
    {
      skip: isInstalled ? false : 'not installed',
    },
    () => tell(runtime),
  )
}

function tell(runtime: Runtime): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const connections = new Set<TLSSocket>()
  const names: unknown[] = []
  let upstream: Server
  let pem: string
  let config: string

  before(async () => {
    const certificate = makeCertificate(folder)
    pem = certificate.pem
    const tls = { cert: readFileSync(pem), key: readFileSync(certificate.key) }
    upstream = createServer(tls, (request, response) => {
      connections.add(request.socket as TLSSocket)
      response.setHeader('Content-Type', 'application/json')
      request.pipe(response)
    })
    upstream.on('secureConnection', (socket) => names.push(socket.servername))
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    config = join(folder, 'config.yaml')
    const port = portOf(upstream)
    writeFileSync(
      config,
      `mcp_servers:
  named: { url: 'https://localhost:${port}/mcp', auth_type: none, access: open }
  numbered: { url: 'https://127.0.0.1:${port}/mcp', auth_type: none, access: open }`,
    )
  })

  after(() => {
    upstream?.closeAllConnections()
    upstream?.close()
    rmSync(folder, { recursive: true })
  })

  const post = (base: string, server: string) =>
    fetch(`${base}/${server}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: BODY,
    })

  it('is spoken to where its certificate is trusted and names it, over a connection that is kept', async () => {
    const { child, base } = await serve(runtime, config, {
      NODE_EXTRA_CA_CERTS: pem,
      DENO_CERT: pem,
    })
    try {
      for (let time = 0; time < 3; time += 1) {
        const answer = await post(base, 'named')
        assert.equal(answer.status, 200)
        assert.equal(await answer.text(), BODY)
      }
      assert.equal(connections.size, 1)
      assert.equal(names[0], 'localhost')
      assert.equal((await post(base, 'numbered')).status, 502)
    } finally {
      await child.stop()
    }
  })

  it('gets nothing where its certificate is not trusted', async () => {
    const { child, base } = await serve(runtime, config)
    const before = connections.size
    try {
      const answer = await post(base, 'named')

      assert.equal(answer.status, 502)
      assert.match(await answer.text(), /"error":"unreachable"/)
      assert.equal(connections.size, before)
    } finally {
      await child.stop()
    }
  })
}
