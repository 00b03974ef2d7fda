import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { documentOf, register } from '../support/clients.ts'
import { startWithCode } from '../support/code.ts'
import { createFakeProvider } from '../support/fake-provider.ts'
import {
  authorizeQuery,
  LOOPBACK,
  locationOf,
  obtainCode,
  postForm,
  redeem,
} from '../support/flow.ts'
import { errorOf, jsonOf, textOf } from '../support/json.ts'
import { ORIGIN, oauthServer, PROVIDER, startProxy } from '../support/proxy.ts'

const REFRESH = { grant_type: 'refresh_token', client_id: 'gh' }
const { client: _client, ...CLIENTLESS } = PROVIDER

describe("LiteLLM's rows, at the token endpoint", () => {
  it('row 24: a refresh is one at the provider, and its new tokens are relayed', async () => {
    const { proxy, provider } = await startWithCode({ tokens: 'passthrough' })

    const refreshed = await postForm(proxy, '/gh/token', {
      ...REFRESH,
      refresh_token: 'theirs',
      scope: 'read',
    })

    assert.equal(await textOf(refreshed, 'refresh_token'), 'provider-refresh-1')
    assert.equal(provider.calls[0]?.form['grant_type'], 'refresh_token')
    assert.equal(provider.calls[0].form['refresh_token'], 'theirs')
  })

  it('row 25: another grant, and a grant without code, are 400', async () => {
    const { proxy, code } = await startWithCode()
    const other = redeem(proxy, code, { grant_type: 'password' })
    const none = postForm(proxy, '/gh/token', { ...REFRESH, grant_type: 'authorization_code' })

    assert.equal(await errorOf(await other), '400 unsupported_grant_type')
    assert.equal(await errorOf(await none), '400 invalid_request')
  })

  for (const [expected, status, error] of [
    ['400 invalid_grant', 400, 'invalid_grant'],
    ['502 server_error', 401, 'invalid_client'],
    ['502 server_error', 400, 'invalid_target'],
    ['503 temporarily_unavailable', 503, 'temporarily_unavailable'],
  ] as const) {
    it(`row 26: ${error} of the provider is ${expected}`, async () => {
      const { proxy, provider, code } = await startWithCode()
      provider.answer(() => Response.json({ error }, { status }))

      assert.equal(await errorOf(await redeem(proxy, code)), expected)
    })
  }

  it('row 26: so is never 500 what is no JSON', async () => {
    const { proxy, provider, code } = await startWithCode()
    provider.answer(() => new Response('<html>', { status: 500 }))

    assert.equal(await errorOf(await redeem(proxy, code)), '503 temporarily_unavailable')
  })

  it('row 27: no expiry is invented, and no cache keeps a token', async () => {
    const { proxy, provider, code } = await startWithCode({ tokens: 'passthrough' })
    provider.answer(() => Response.json({ access_token: 'theirs', token_type: 'bearer' }))

    const response = await redeem(proxy, code)

    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('pragma'), 'no-cache')
    assert.ok(!('expires_in' in (await jsonOf(response))))
  })

  it('row 28: client_secret_basic keeps the secret out of the body', async () => {
    const client = { ...PROVIDER.client, method: 'client_secret_basic' } as const
    const { proxy, provider, code } = await startWithCode({ provider: { ...PROVIDER, client } })

    assert.equal((await redeem(proxy, code)).status, 200)
    const [call] = provider.calls
    assert.match(call?.headers.get('authorization') ?? '', /^Basic /)
    assert.equal(call?.form['client_secret'], undefined)
  })

  it("row 28: a client's dummy secret never goes to the provider", async () => {
    const { proxy, provider, code } = await startWithCode()

    const response = await redeem(proxy, code, { client_secret: 'dummy' })

    assert.equal(await errorOf(response), '401 invalid_client')
    assert.equal(provider.calls.length, 0)
  })

  it('row 42: racing refreshes of a user are one at the provider', async () => {
    const { proxy, provider, code } = await startWithCode()
    const refresh_token = await textOf(await redeem(proxy, code), 'refresh_token')

    const racers = await Promise.all(
      Array.from({ length: 20 }, () => postForm(proxy, '/gh/token', { ...REFRESH, refresh_token })),
    )

    assert.ok(racers.every(({ status }) => status === 200))
    assert.equal(provider.calls.length, 2)
  })
})

describe("LiteLLM's rows of registration", () => {
  /** A provider that this proxy is not known to yet. */
  async function startUnknown(respond: () => Response) {
    const provider = createFakeProvider()
    const bodies: unknown[] = []
    const registrationUrl = 'https://id.example.com/register'
    const proxy = await startProxy({
      servers: [oauthServer('gh', { provider: { ...CLIENTLESS, registrationUrl } })],
      fetch: async (input, init) => {
        const request = new Request(input, init)
        if (request.url !== registrationUrl) return provider.fetch(request)
        bodies.push(await request.json())
        return respond()
      },
    })
    return { proxy, bodies, provider }
  }

  const registered = () => Response.json({ client_id: 'theirs' }, { status: 201 })

  it('row 29: this proxy registers its own callback, and uses the id that it got', async () => {
    const { proxy, bodies, provider } = await startUnknown(registered)

    const { code } = await obtainCode(proxy)

    assert.deepEqual(Reflect.get(Object(bodies[0]), 'redirect_uris'), [`${ORIGIN}/gh/callback`])
    assert.equal((await redeem(proxy, code)).status, 200)
    assert.equal(provider.calls[0]?.form['client_id'], 'theirs')
  })

  it('row 29: the client gets its own redirect URIs back', async () => {
    const { proxy } = await startUnknown(registered)

    const response = await register(proxy, { redirect_uris: [LOOPBACK] })

    assert.equal(response.status, 201)
    assert.deepEqual((await jsonOf(response))['redirect_uris'], [LOOPBACK])
  })

  it('row 29: a provider that refuses is an error to the client, not to its user', async () => {
    const { proxy } = await startUnknown(() => Response.json({ error: 'x' }, { status: 400 }))

    const response = await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)

    assert.equal(locationOf(response).searchParams.get('error'), 'server_error')
  })
})

describe("LiteLLM's rows of discovery", () => {
  const ISSUER = 'https://as.example'
  const URLS: Readonly<Record<string, unknown>> = {
    'https://gh.upstream.example/prm': {
      resource: 'https://gh.upstream.example/mcp',
      authorization_servers: [ISSUER],
      scopes_supported: ['found'],
    },
    [`${ISSUER}/.well-known/oauth-authorization-server`]: {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      code_challenge_methods_supported: ['S256'],
    },
  }

  async function locationWith(configured: Partial<typeof PROVIDER>): Promise<URL> {
    const { client } = PROVIDER
    const provider = {
      ...{ key: 'gh', namesIssuer: false, scopes: [], authorizationParams: {}, tokenParams: {} },
      ...{ client, resourceUrl: 'https://gh.upstream.example/mcp', ...configured },
    }
    const proxy = await startProxy({
      servers: [oauthServer('gh', { provider })],
      fetchGuarded: async ({ url, method }) => {
        const answer = documentOf(URLS[url] ?? '')
        if (method === 'GET' || answer.kind === 'failed') return answer
        const challenge = 'Bearer resource_metadata="https://gh.upstream.example/prm"'
        return { ...answer, status: 401, headers: new Headers({ 'www-authenticate': challenge }) }
      },
    })
    return locationOf(await proxy.fetch(`/gh/authorize?${authorizeQuery()}`))
  }

  it('row 30: a url alone leads over challenge and metadata to endpoints and scopes', async () => {
    const { origin, pathname, searchParams } = await locationWith({})

    assert.equal(origin + pathname, `${ISSUER}/authorize`)
    assert.equal(searchParams.get('scope'), 'found')
  })

  it('row 30: what is configured wins', async () => {
    const authorizationUrl = 'https://own.example/authorize'
    const { origin, searchParams } = await locationWith({ authorizationUrl, scopes: ['own'] })

    assert.equal(origin, 'https://own.example')
    assert.equal(searchParams.get('scope'), 'own')
  })
})
