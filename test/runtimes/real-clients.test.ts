import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import { type Child, findFreePort, start } from '../support/child.ts'
import { signIn } from '../support/mcp-client.ts'
import { signInModern } from '../support/modern-client.ts'
import { startModernServer } from '../support/modern-server.ts'
import { type RealProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { RUNTIMES, serve } from './runtimes.ts'

const [node, newest] = RUNTIMES

describe('the real thing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let provider: RealProvider
  let modern: { readonly url: string; close(): Promise<void> }
  let proxy: { readonly child: Child; readonly base: string }

  before(async () => {
    assert.ok(node)
    provider = await startOidcProvider(600)
    modern = await startModernServer()
    const config = join(folder, 'config.yaml')
    writeFileSync(
      config,
      `secret_keys: [${'k'.repeat(43)}]
root: demo
mcp_servers:
  demo: { url: 'builtin:demo', auth_type: oauth2 }
  modern:
    url: ${modern.url}
    auth_type: oauth2
    authorization_url: ${provider.issuer}/auth
    token_url: ${provider.issuer}/token
    client_id: ${provider.clientId}
    client_secret: ${provider.clientSecret}
    token_endpoint_auth_method: client_secret_basic
    upstream_resource: auto
    scopes: [openid, mcp]
`,
    )
    proxy = await serve(node, config)
    await provider.open([`${proxy.base}/modern/callback`])
  })

  after(async () => {
    await proxy?.child.stop()
    await Promise.all([provider?.close(), modern?.close()])
    rmSync(folder, { recursive: true })
  })

  for (const mount of ['/demo/mcp', '/mcp/demo', '/mcp']) {
    it(`TypeScript SDK 1.x comes in by ${mount}`, async () => {
      const { client } = await signIn(`${proxy.base}${mount}`)
      assert.ok((await client.listTools()).tools.length > 0)
      await client.close()
    })

    it(`TypeScript SDK 2.x comes in by ${mount}`, async () => {
      const client = await signInModern(`${proxy.base}${mount}`)
      assert.ok((await client.listTools()).tools.length > 0)
      await client.close()
    })
  }

  it('TypeScript SDK 2.x speaks 2026-07-28 with a server that does', async () => {
    const client = await signInModern(`${proxy.base}/modern/mcp`)

    const answer = await client.callTool({ name: 'test_simple_text' })

    assert.match(JSON.stringify(answer), /simple text response/)
    assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28')
    await client.close()
  })

  it('mcp-remote comes in', async () => {
    const port = await findFreePort()
    const program = 'node_modules/.bin/mcp-remote-client'
    const args = [program, `${proxy.base}/demo/mcp`, String(port), '--transport', 'http-only']
    const env = { MCP_REMOTE_CONFIG_DIR: join(folder, 'mcp-remote'), PATH: '/nowhere' }
    const remote = start(process.execPath, args, env)

    await signInFor(remote, /^(http\S+\/authorize\?\S+)$/m)

    await remote.waitFor(/Connected successfully/)
    await remote.stop()
  })

  it('the Inspector’s CLI comes in', {
    skip: newest?.isInstalled ? false : 'needs Node 22',
  }, async () => {
    const program = 'node_modules/.bin/mcp-inspector'
    const url = `${proxy.base}/demo/mcp`
    const args = [program, '--cli', url, '--transport', 'http', '--method', 'tools/list']
    const env = { HOME: join(folder, 'inspector'), MCP_AUTO_OPEN_ENABLED: 'true', PATH: '/nowhere' }
    const inspector = start(newest?.command ?? '', args, env)

    await signInFor(inspector, /navigate to: (http\S+)/)

    await inspector.waitFor(/countdown/)
    await inspector.stop()
  })
})

/** Does what the user does at the address that a client prints, up to the client's own page. */
async function signInFor(client: Child, address: RegExp): Promise<void> {
  const [, url = ''] = await client.waitFor(address)
  const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? ''
  const answer = await createBrowser().visit(url, (at) => at.href.startsWith(redirectUri))
  await (await fetch(answer)).text()
}
