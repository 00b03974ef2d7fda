import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Child } from '../support/child.ts'
import { type GuardedServer, startEverything } from '../support/everything.ts'
import { type SignedIn, signIn } from '../support/mcp-client.ts'
import { type RealProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { RUNTIMES, type Runtime, serve } from './runtimes.ts'

const LIFETIME = 3600 // seconds that the provider's access tokens live
const BRIEF = 4 // seconds, for the one test that waits for the end of a token
const SECRET = 'a-secret-of-at-least-32-bytes-for-the-tests'

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`the built file on ${runtime.name}`, { skip, concurrency: true }, () => tell(runtime))
}

function tell(runtime: Runtime): void {
  let provider: RealProvider
  let everything: GuardedServer
  let legacy: GuardedServer
  let briefProvider: RealProvider
  let brief: GuardedServer
  let proxy: { readonly child: Child; readonly base: string }
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))

  before(async () => {
    provider = await startOidcProvider(LIFETIME)
    everything = await startEverything('streamableHttp', provider.isValid)
    legacy = await startEverything('sse', provider.isValid)
    briefProvider = await startOidcProvider(BRIEF)
    brief = await startEverything('streamableHttp', briefProvider.isValid)
    const config = join(folder, 'config.yaml')
    writeFileSync(
      config,
      configOf([
        ['everything', everything, provider],
        ['legacy', legacy, provider],
        ['brief', brief, briefProvider],
      ]),
    )
    proxy = await serve(runtime, config)
    await briefProvider.open([`${proxy.base}/brief/callback`])
    await provider.open([`${proxy.base}/everything/callback`, `${proxy.base}/legacy/callback`])
  })

  after(async () => {
    await proxy?.child.stop()
    await Promise.all(
      [everything, legacy, brief, provider, briefProvider].map((part) => part?.close()),
    )
    rmSync(folder, { recursive: true })
  })

  for (const mount of ['/everything/mcp', '/mcp/everything', '/mcp']) {
    it(`lets the official client in by ${mount}`, async () => {
      const signedIn = await signIn(`${proxy.base}${mount}`)

      await useTools(signedIn)
      assert.ok(signedIn.browser.steps.some(({ title }) => title?.startsWith('Let an app use')))
      assert.ok(!everything.credentials.includes(`Bearer ${signedIn.tokens()?.access_token}`))
      await signedIn.client.close()
    })
  }

  it('lets a client without discovery in by the root endpoints', async () => {
    const signedIn = await signIn(`${proxy.base}/mcp`, { missing: /\/\.well-known\// })

    await useTools(signedIn)
    assert.ok(signedIn.requests.includes('POST /register'))
    assert.ok(signedIn.requests.includes('POST /token'))
    await signedIn.client.close()
  })

  it('survives token expiry by refresh', async () => {
    const signedIn = await signIn(`${proxy.base}/brief/mcp`)
    const first = signedIn.tokens()?.access_token

    // The provider's token lives four seconds: one of these calls comes too late for it.
    while (signedIn.tokens()?.access_token === first) await signedIn.client.listTools()

    assert.ok((await signedIn.client.listTools()).tools.length > 0)
    assert.ok((briefProvider.granted.get('refresh_token') ?? 0) > 0)
    await signedIn.client.close()
  })

  it('carries the legacy transport, its messages sent to our own address', async () => {
    const signedIn = await signIn(`${proxy.base}/legacy/mcp`, { transport: 'sse' })

    const sum = await signedIn.client.callTool({ name: 'get-sum', arguments: { a: 2, b: 3 } })

    assert.match(JSON.stringify(sum), /5/)
    assert.ok(signedIn.requests.some((line) => line.startsWith('POST /legacy/mcp/messages/')))
    await signedIn.client.close()
  })
}

async function useTools({ client }: SignedIn): Promise<void> {
  const { tools } = await client.listTools()
  assert.ok(tools.some(({ name }) => name === 'echo'))
  const echo = await client.callTool({ name: 'echo', arguments: { message: 'grüße' } })
  assert.match(JSON.stringify(echo), /grüße/)
  const progress: number[] = []
  await client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } },
    undefined,
    { onprogress: (event) => progress.push(event.progress) },
  )
  assert.deepEqual(progress, [1, 2, 3])
}

/** The first server stands behind the root; the others are found by their names only. */
function configOf(of: readonly (readonly [string, GuardedServer, RealProvider])[]): string {
  const servers = of.map(
    ([name, { url }, { issuer, clientId, clientSecret }]) => `
  ${name}:
    url: ${url}
    auth_type: oauth2
    issuer: ${issuer}
    authorization_url: ${issuer}/auth
    token_url: ${issuer}/token
    client_id: ${clientId}
    client_secret: ${clientSecret}
    token_endpoint_auth_method: client_secret_basic
    upstream_resource: auto
    scopes: [openid, mcp]`,
  )
  return `secret_keys: [${SECRET}]\nroot: ${of[0]?.[0]}\nmcp_servers:${servers.join('')}\n`
}
