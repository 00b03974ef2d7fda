import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { certify } from '../support/certificate.ts'
import { type Child, findFreePort } from '../support/child.ts'
import { FRONT_ENDS } from '../support/front-ends.ts'
import { textOf } from '../support/json.ts'
import { signIn } from '../support/mcp-client.ts'
import { signInModern } from '../support/modern-client.ts'
import { startModernServer } from '../support/modern-server.ts'
import { type RealProvider, startOidcProvider } from '../support/oidc-provider.ts'
import { createTlsFetch } from '../support/tls-fetch.ts'
import { RUNTIMES, serve } from './runtimes.ts'

const NAMES = ['gh', 'jira'] as const
const ALL_METADATA = /\/\.well-known\//
const SERVER_METADATA = /\/\.well-known\/(?:oauth-authorization-server|openid-configuration)/

/** The SDK's clients, and the name by which the server that they came to calls itself. */
const CLIENTS = [
  ['TypeScript SDK 1.x', reachBySdk1],
  ['TypeScript SDK 2.x', reachBySdk2],
] as const

type Way = NonNullable<Parameters<typeof signIn>[1]>

async function reachBySdk1(url: string, way: Way): Promise<string | undefined> {
  const { client } = await signIn(url, way)
  const name = client.getServerVersion()?.name
  await client.close()
  return name
}

async function reachBySdk2(url: string, way: Way): Promise<string | undefined> {
  const client = await signInModern(url, way)
  const name = client.getServerVersion()?.name
  await client.close()
  return name
}

/** Two servers and their provider, and a proxy that knows them. */
async function startAll(configOf: (name: string) => string, general: string, bases: Bases) {
  const [runtime] = RUNTIMES
  assert.ok(runtime)
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const provider = await startOidcProvider(600)
  const servers = await Promise.all(NAMES.map(startModernServer))
  const entries = NAMES.map((name, at) => entryOf(name, servers[at]?.url ?? '', provider))
  const config = join(folder, 'config.yaml')
  const texts = entries.map((entry, at) => `${entry}${configOf(NAMES[at] ?? '')}`)
  writeFileSync(
    config,
    `secret_keys: [${'k'.repeat(43)}]\n${general}\nmcp_servers:${texts.join('')}\n`,
  )
  const proxy = await serve(runtime, config)
  await provider.open(NAMES.map((name) => `${bases(name, proxy.base)}/${name}/callback`))
  return {
    base: proxy.base,
    folder,
    async close() {
      await proxy.child.stop()
      await Promise.all([provider, ...servers].map((part) => part.close()))
      rmSync(folder, { recursive: true })
    },
  }
}

/** The public base at which a server is reached. */
type Bases = (name: string, proxyBase: string) => string

function entryOf(name: string, url: string, provider: RealProvider): string {
  return `
  ${name}:
    url: ${url}
    auth_type: oauth2
    authorization_url: ${provider.issuer}/auth
    token_url: ${provider.issuer}/token
    client_id: ${provider.clientId}
    client_secret: ${provider.clientSecret}
    token_endpoint_auth_method: client_secret_basic
    scopes: [openid, mcp]`
}

describe('several servers on one origin', () => {
  let all: Awaited<ReturnType<typeof startAll>>

  before(async () => {
    all = await startAll(
      () => '',
      '',
      (_, base) => base,
    )
  })

  after(() => all?.close())

  for (const [client, reach] of CLIENTS) {
    for (const path of ['/gh/mcp', '/mcp/gh', '/jira/mcp', '/mcp/jira']) {
      const expected = path.includes('gh') ? 'gh' : 'jira'

      it(`are told apart by the path ${path} of ${client}`, async () => {
        assert.equal(await reach(`${all.base}${path}`, {}), expected)
      })

      it(`are told apart by resource at the root endpoints, ${path} of ${client}`, async () => {
        const way = { missing: SERVER_METADATA }

        assert.equal(await reach(`${all.base}${path}`, way), expected)
      })
    }
  }

  it('are told apart at the root by what is registered, redeemed and renewed there', async () => {
    const { client, requests, tokens } = await signIn(`${all.base}/jira/mcp`, {
      missing: SERVER_METADATA,
    })
    await client.close()

    assert.ok(requests.includes('POST /register'), requests.join())
    assert.ok(requests.includes('POST /token'), requests.join())
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'dummy_client',
      refresh_token: tokens()?.refresh_token ?? '',
    })
    const renewed = await fetch(`${all.base}/token`, { method: 'POST', body })
    const authorization = `Bearer ${await textOf(renewed, 'access_token')}`
    const ask = async (path: string) =>
      (await fetch(`${all.base}${path}`, { method: 'DELETE', headers: { authorization } })).status
    assert.equal(await ask('/gh/mcp'), 401)
    assert.notEqual(await ask('/jira/mcp'), 401)
  })

  it('are no choice at the root for who names none', async () => {
    const body = JSON.stringify({ redirect_uris: ['http://127.0.0.1/cb'] })
    const registered = await fetch(`${all.base}/register`, { method: 'POST', body })
    const authorized = await fetch(
      `${all.base}/authorize?response_type=code&client_id=dummy_client&redirect_uri=http://127.0.0.1/cb`,
    )

    assert.equal(registered.status, 201)
    assert.equal(authorized.status, 404)
    assert.equal((await fetch(`${all.base}/mcp`, { method: 'POST' })).status, 404)
  })
})

const [nginx] = FRONT_ENDS

describe('a host for each of several servers', {
  skip: nginx?.isMissing ?? 'no front end',
}, () => {
  let all: Awaited<ReturnType<typeof startAll>>
  let frontEnd: Child
  let tls: ReturnType<typeof createTlsFetch>
  let port: number
  const hostOf = (name: string) => `${name}.example.test`

  before(async () => {
    assert.ok(nginx)
    port = await findFreePort()
    all = await startAll(
      (name) => `\n    host: ${hostOf(name)}`,
      `allowed_hosts: [${NAMES.map(hostOf).join()}]`,
      (name) => `https://${hostOf(name)}:${port}`,
    )
    const { folder } = all
    const certificate = certify(folder, NAMES.map(hostOf))
    const upstream = new URL(all.base).host
    frontEnd = await nginx.start({ folder, kind: 'plain', port, upstream, certificate })
    tls = createTlsFetch(readFileSync(certificate.pem, 'utf8'), { isLocal: true })
  })

  after(async () => {
    await tls?.close()
    await frontEnd?.stop()
    await all?.close()
  })

  for (const [client, reach] of CLIENTS) {
    for (const name of NAMES) {
      it(`lets ${client} in that knows ${hostOf(name)}/mcp`, async () => {
        const way = { fetch: tls.fetch }

        assert.equal(await reach(`https://${hostOf(name)}:${port}/mcp`, way), name)
      })

      it(`lets ${client} in that reads no metadata, by the root of ${hostOf(name)}`, async () => {
        const way = { fetch: tls.fetch, missing: ALL_METADATA }

        assert.equal(await reach(`https://${hostOf(name)}:${port}/mcp`, way), name)
      })
    }
  }

  it('lets nobody use the token of one at the other', async () => {
    const url = `https://${hostOf('gh')}:${port}/mcp`
    const { client, tokens, origins } = await signIn(url, { fetch: tls.fetch })
    await client.close()
    const headers = { authorization: `Bearer ${tokens()?.access_token}` }
    const ask = async (host: string) =>
      (await tls.fetch(`https://${host}:${port}/mcp`, { method: 'DELETE', headers })).status

    assert.deepEqual([...new Set(origins)], [new URL(url).origin])
    assert.equal(await ask(hostOf('jira')), 401)
    assert.notEqual(await ask(hostOf('gh')), 401)
  })
})
