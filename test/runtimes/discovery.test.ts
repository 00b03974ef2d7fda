import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Child } from '../support/child.ts'
import { type GuardedServer, startEverything } from '../support/everything.ts'
import { signIn } from '../support/mcp-client.ts'
import { type RealProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { RUNTIMES, type Runtime, serve } from './runtimes.ts'

const SECRET = 'a-secret-of-at-least-32-bytes-for-the-tests'
const PUBLIC = 'https://mcp.example.com'

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`a server by its URL alone, on ${runtime.name}`, { skip }, () => tell(runtime))
}

function tell(runtime: Runtime): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let provider: RealProvider
  let server: GuardedServer
  let config: string
  let proxy: { readonly child: Child; readonly base: string }

  before(async () => {
    provider = await startOidcProvider(3600, { registers: true, rotates: true })
    await provider.open([])
    server = await startEverything('streamableHttp', provider.isValid, provider.issuer)
    config = join(folder, 'config.yaml')
    writeFileSync(
      config,
      `secret_keys: [${SECRET}]\nmcp_servers: { s: { url: '${server.url}', auth_type: oauth2 } }\n`,
    )
    proxy = await serve(runtime, config)
  })

  after(async () => {
    await proxy?.child.stop()
    await Promise.all([server?.close(), provider?.close()])
    rmSync(folder, { recursive: true })
  })

  it('lets users in at a provider where the proxy registers itself', async () => {
    const { client } = await signIn(`${proxy.base}/s/mcp`)

    assert.ok((await client.listTools()).tools.length > 0)
    await client.close()
  })

  it('goes on over a restart with the client that it registered', async () => {
    const { tokens, client } = await signIn(`${proxy.base}/s/mcp`)
    await client.close()
    await proxy.child.stop()
    proxy = await serve(runtime, config)

    const refreshed = await fetch(`${proxy.base}/s/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 's',
        refresh_token: tokens()?.refresh_token ?? '',
      }),
    })

    assert.equal(refreshed.status, 200, await refreshed.text())
  })
}

describe('a provider in another shape', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const [node] = RUNTIMES
  const parts: { close(): Promise<void> }[] = []

  after(async () => {
    await Promise.all(parts.map((part) => part.close()))
    rmSync(folder, { recursive: true })
  })

  async function start(
    entry: (provider: RealProvider) => string,
    of: {
      readonly shape: Parameters<typeof startOidcProvider>[1]
      readonly publicUrl?: string
    },
  ) {
    assert.ok(node)
    const provider = await startOidcProvider(3600, of.shape)
    const server = await startEverything('streamableHttp', provider.isValid, provider.issuer)
    const config = join(folder, `${parts.length}.yaml`)
    const head = of.publicUrl === undefined ? '' : `public_url: ${of.publicUrl}\n`
    writeFileSync(
      config,
      `${head}secret_keys: [${SECRET}]\nmcp_servers:\n  s: { url: '${server.url}', auth_type: oauth2, ${entry(provider)} }\n`,
    )
    const proxy = await serve(node, config)
    await provider.open([`${of.publicUrl ?? proxy.base}/s/callback`])
    parts.push({ close: () => proxy.child.stop() }, server, provider)
    return { ...proxy, provider }
  }

  it('that knows only an app of the operator takes client_secret_basic', async () => {
    const { base } = await start(
      ({ clientId, clientSecret }) =>
        `client_id: ${clientId}, client_secret: ${clientSecret}, token_endpoint_auth_method: client_secret_basic`,
      { shape: { methods: ['client_secret_basic'] } },
    )

    const { client } = await signIn(`${base}/s/mcp`)

    assert.ok((await client.listTools()).tools.length > 0)
    await client.close()
  })

  it('that takes public clients only gets one', async () => {
    const { base, provider } = await start(() => 'scopes: [openid, mcp]', {
      shape: { registers: true, methods: ['none', 'client_secret_basic'] },
    })

    const { client } = await signIn(`${base}/s/mcp`)

    assert.equal(provider.granted.get('authorization_code'), 1)
    await client.close()
  })

  it('that fetches metadata documents finds ours', async () => {
    let base = ''
    // The provider and the client reach the public address by way of the loopback one.
    const fetchPublic: typeof globalThis.fetch = (input, init) =>
      fetch(String(input instanceof Request ? input.url : input).replace(PUBLIC, base), init)
    const started = await start(() => 'scopes: [openid, mcp]', {
      // What the provider adds is for keeping away from loopback.
      shape: { fetchDocument: (input) => fetchPublic(input) },
      publicUrl: PUBLIC,
    })
    base = started.base

    const { client, browser } = await signIn(`${PUBLIC}/s/mcp`, { fetch: fetchPublic })

    assert.ok((await client.listTools()).tools.length > 0)
    const asked = browser.steps.find(({ url }) =>
      url.startsWith(`${started.provider.issuer}/auth?`),
    )
    assert.equal(
      new URL(asked?.url ?? '').searchParams.get('client_id'),
      `${PUBLIC}/s/client-metadata.json`,
    )
    await client.close()
  })
})
