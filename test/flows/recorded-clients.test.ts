import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { RECORDED_CLIENTS, type RecordedClient } from '../corpus/recorded-clients.ts'
import { documentOf } from '../support/clients.ts'
import { createFakeProvider } from '../support/fake-provider.ts'
import { obtainCode, postForm, VERIFIER } from '../support/flow.ts'
import { jsonOf, textOf } from '../support/json.ts'
import { ORIGIN, oauthServer, openServer, startProxy, type TestProxy } from '../support/proxy.ts'

const CLAUDE_CODE = 'https://claude.ai/oauth/claude-code-client-metadata'

const Tokens = v.object({
  access_token: v.string(),
  refresh_token: v.string(),
  expires_in: v.pipe(v.number(), v.integer()),
  token_type: v.literal('Bearer'),
  scope: v.string(),
})

/** One OAuth server beside an open one, and the one document that a client has in public. */
function start(): Promise<TestProxy> {
  return startProxy({
    servers: [openServer('open'), oauthServer('gh')],
    fetch: createFakeProvider().fetch,
    fetchGuarded: async ({ url }) =>
      url === CLAUDE_CODE
        ? documentOf({
            client_id: CLAUDE_CODE,
            client_name: 'Claude Code',
            redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
          })
        : { kind: 'failed', cause: 'unreachable' },
  })
}

describe('the sequence of', () => {
  for (const client of RECORDED_CLIENTS) {
    it(`${client.name} ends in a tool call, before and after a refresh`, () => replay(client))
  }
})

async function replay(client: RecordedClient): Promise<void> {
  const proxy = await start()
  const headers = client.origin === undefined ? {} : { origin: client.origin }
  await probe(proxy, client, headers)
  for (const [path, status] of client.discovery) {
    const response = await proxy.fetch(path, {
      headers: { ...headers, 'mcp-protocol-version': '2025-11-25' },
    })
    assert.equal(response.status, status, path)
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  }
  const endpoints = await endpointsOf(proxy, client)
  const credentials = await register(proxy, client, endpoints.registration_endpoint)
  const query = { ...client.authorize, client_id: credentials.client_id }
  const { code, answer } = await obtainCode(proxy, {
    path: endpoints.authorization_endpoint,
    query,
  })
  assert.equal(answer.searchParams.get('state'), 'state' in query ? (query.state ?? null) : 'st1')
  assert.equal(answer.searchParams.get('iss'), endpoints.issuer)
  const { redirect_uri } = client.authorize
  const tokens = await tokensOf(
    await postForm(proxy, endpoints.token_endpoint, {
      grant_type: 'authorization_code',
      ...credentials,
      code,
      redirect_uri,
      code_verifier: VERIFIER,
    }),
  )
  await call(proxy, client, tokens.access_token)
  const refreshed = await tokensOf(
    await postForm(proxy, endpoints.token_endpoint, {
      grant_type: 'refresh_token',
      ...credentials,
      refresh_token: tokens.refresh_token,
      ...client.refresh,
    }),
  )
  await call(proxy, client, refreshed.access_token)
}

async function tokensOf(response: Response): Promise<v.InferOutput<typeof Tokens>> {
  assert.equal(response.status, 200, await response.clone().text())
  return v.parse(Tokens, await response.json())
}

async function probe(proxy: TestProxy, client: RecordedClient, headers: Record<string, string>) {
  const response = await proxy.fetch(client.mount, { method: client.probe, headers })
  assert.equal(response.status, 401)
  const [, url = ''] =
    /^Bearer resource_metadata="([^"]+)", scope="read write"$/.exec(
      response.headers.get('www-authenticate') ?? '',
    ) ?? []
  const metadata = await proxy.fetch(url)
  assert.equal(await textOf(metadata, 'resource'), `${ORIGIN}${client.mount}`)
}

const Endpoints = v.object({
  issuer: v.string(),
  authorization_endpoint: v.string(),
  token_endpoint: v.string(),
  registration_endpoint: v.string(),
})

/** Where the client goes: what the issuer's document says, or the root by old habit. */
async function endpointsOf(proxy: TestProxy, { endpoints }: RecordedClient) {
  if (endpoints === 'root') {
    return {
      issuer: ORIGIN,
      authorization_endpoint: '/authorize',
      token_endpoint: '/token',
      registration_endpoint: '/register',
    }
  }
  const document = await jsonOf(await proxy.fetch('/.well-known/oauth-authorization-server/gh'))
  return v.parse(Endpoints, document)
}

async function register(proxy: TestProxy, client: RecordedClient, path: string) {
  if (client.registration === undefined) return { client_id: client.clientId }
  const response = await proxy.fetch(path, {
    method: 'POST',
    body: JSON.stringify(client.registration),
  })
  assert.equal(response.status, 201)
  const body = await jsonOf(response)
  assert.ok(!Object.values(body).includes(null))
  assert.deepEqual(body['redirect_uris'], client.registration['redirect_uris'])
  const secret = body['client_secret']
  return {
    client_id: v.parse(v.string(), body['client_id']),
    ...(typeof secret === 'string' ? { client_secret: secret } : {}),
  }
}

async function call(proxy: TestProxy, client: RecordedClient, accessToken: string): Promise<void> {
  const response = await proxy.fetch(client.mount, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      ...(client.origin?.startsWith('http://localhost') ? { origin: client.origin } : {}),
    },
    body: '{}',
  })
  assert.equal(response.status, 200)
}
