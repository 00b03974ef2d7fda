import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  challenge,
  ISSUER,
  ISSUER_METADATA,
  MCP,
  NOT_FOUND,
  PATH_METADATA,
  providerAt,
  REGISTRATION,
  RESOURCE,
  ROOT_METADATA,
  refusalOf,
  signIn,
  startDiscovering,
} from '../support/discovery.ts'
import { createInternet, type Site } from '../support/internet.ts'

const ORIGIN_METADATA = 'https://mcp.example.com/.well-known/oauth-authorization-server'

const REFUSALS: readonly (readonly [string, Readonly<Record<string, Site>>, RegExp])[] = [
  [
    'metadata of another issuer',
    { [ISSUER_METADATA]: { body: providerAt('https://other.example.com') } },
    /^server_error: .*issuer is https:\/\/other\.example\.com/,
  ],
  [
    'metadata of almost the same issuer',
    { [ISSUER_METADATA]: { body: providerAt(ISSUER, { issuer: `${ISSUER}/` }) } },
    /^server_error: .*issuer is https:\/\/id\.example\.com\//,
  ],
  [
    'metadata of another resource',
    { [PATH_METADATA]: { body: { ...RESOURCE, resource: 'https://other.example.com/mcp' } } },
    /^server_error: .*another resource: correct url, or set issuer/,
  ],
  [
    'metadata of a sibling whose name goes on',
    { [PATH_METADATA]: { body: { ...RESOURCE, resource: `${MCP}-admin` } } },
    /^server_error: .*another resource/,
  ],
  [
    'metadata of the whole origin that does not lie at its place',
    { [PATH_METADATA]: { body: { ...RESOURCE, resource: 'https://mcp.example.com' } } },
    /^server_error: .*another resource/,
  ],
  [
    'no PKCE with S256',
    {
      [ISSUER_METADATA]: {
        body: providerAt(ISSUER, { code_challenge_methods_supported: ['plain'] }),
      },
    },
    /^server_error: .*PKCE with S256.*set authorization_url and token_url/,
  ],
  [
    'nothing of PKCE',
    {
      [ISSUER_METADATA]: {
        body: providerAt(ISSUER, { code_challenge_methods_supported: undefined }),
      },
    },
    /^server_error: .*PKCE with S256.*set authorization_url and token_url/,
  ],
  [
    'no registration',
    { [ISSUER_METADATA]: { body: providerAt(ISSUER, { registration_endpoint: undefined }) } },
    /^server_error: The provider registers no clients: .*sets client_id/,
  ],
  [
    'a registration that is refused',
    { [REGISTRATION]: { status: 403, body: { error: 'access_denied' } } },
    /^server_error: The provider did not register this proxy: .*sets client_id/,
  ],
  [
    'a registration without a client_id',
    { [REGISTRATION]: { status: 201, body: {} } },
    /^server_error: The provider did not register this proxy: .*sets client_id/,
  ],
  [
    'a registration endpoint that is down',
    { [REGISTRATION]: 'unreachable' },
    /^temporarily_unavailable: .*try again/,
  ],
  [
    'no authorization endpoint',
    { [ISSUER_METADATA]: { body: providerAt(ISSUER, { authorization_endpoint: undefined }) } },
    /^server_error: .*no authorization endpoint/,
  ],
  [
    'neither a challenge nor metadata',
    {
      [MCP]: {},
      [PATH_METADATA]: NOT_FOUND,
      [ORIGIN_METADATA]: NOT_FOUND,
      'https://mcp.example.com/.well-known/openid-configuration': NOT_FOUND,
    },
    /^server_error: .*asks for no sign-in .*: set auth_type: none, or issuer/,
  ],
  [
    'metadata at its origin of another issuer',
    {
      [MCP]: { status: 401 },
      [PATH_METADATA]: NOT_FOUND,
      [ORIGIN_METADATA]: { body: providerAt(ISSUER) },
    },
    /^server_error: .*if that is the provider, set issuer/,
  ],
]

describe('a client whose provider can not be used', () => {
  for (const [what, pages, told] of REFUSALS) {
    it(`is told what to set: ${what}`, async () => {
      const { proxy, internet } = await startDiscovering({ pages })

      assert.match(await refusalOf(proxy), told)

      const used = internet.asked.filter((one) => one.startsWith(`POST ${ISSUER}`))
      assert.deepEqual(used, REGISTRATION in pages ? [`POST ${REGISTRATION}`] : [])
    })
  }

  it('is told that its server is down', async () => {
    const { proxy } = await startDiscovering({ internet: createInternet({}) })

    assert.match(await refusalOf(proxy), /^temporarily_unavailable: .*can not be reached/)
  })
})

describe('what the operator wrote down', () => {
  it('is stronger than what is discovered', async () => {
    const { proxy } = await startDiscovering({
      provider: {
        authorizationUrl: 'https://login.example.com/start?tenant=1',
        client: { clientId: 'configured', method: 'none' },
        scopes: ['mine'],
        resource: 'https://api.example.com/',
      },
    })

    const { href, searchParams } = await signIn(proxy)

    assert.ok(href.startsWith('https://login.example.com/start?tenant=1&'), href)
    assert.equal(searchParams.get('client_id'), 'configured')
    assert.equal(searchParams.get('scope'), 'mine')
    assert.equal(searchParams.get('resource'), 'https://api.example.com/')
  })

  it('asks nobody where it is all that is needed', async () => {
    const { proxy, internet } = await startDiscovering({
      provider: {
        authorizationUrl: 'https://login.example.com/start',
        tokenUrl: 'https://login.example.com/token',
        client: { clientId: 'configured', method: 'none' },
      },
    })

    assert.equal((await signIn(proxy)).origin, 'https://login.example.com')
    assert.deepEqual(internet.asked, [])
  })

  it('pins the issuer, whatever the server says', async () => {
    const other = 'https://other.example.com'
    const { proxy, internet } = await startDiscovering({
      provider: { issuer: ISSUER },
      pages: {
        [PATH_METADATA]: { body: { ...RESOURCE, authorization_servers: [other] } },
        [`${other}/.well-known/oauth-authorization-server`]: { body: providerAt(other) },
      },
    })

    assert.equal((await signIn(proxy)).origin, ISSUER)
    assert.ok(internet.asked.every((one) => !one.includes(other)))
  })

  it('pins the issuer of a server that is down, or has metadata of another', async () => {
    const foreign = { body: { ...RESOURCE, resource: 'https://other.example.com/mcp' } }
    const all: readonly Readonly<Record<string, Site>>[] = [
      { [MCP]: 'unreachable' },
      { [MCP]: { status: 503 }, [PATH_METADATA]: { status: 503 } },
      { [PATH_METADATA]: foreign },
    ]
    for (const pages of all) {
      const { proxy } = await startDiscovering({ provider: { issuer: ISSUER }, pages })

      assert.equal((await signIn(proxy)).origin, ISSUER)
    }
  })
})

describe('the scope that is asked for', () => {
  async function scopeOf(
    scopes: { readonly resource?: readonly string[]; readonly provider?: readonly string[] },
    query: Readonly<Record<string, string>> = {},
  ) {
    const { resource, provider } = scopes
    const { proxy } = await startDiscovering({
      pages: {
        [MCP]: challenge(),
        [PATH_METADATA]: { body: { ...RESOURCE, scopes_supported: resource } },
        [ISSUER_METADATA]: { body: providerAt(ISSUER, { scopes_supported: provider }) },
        [ROOT_METADATA]: NOT_FOUND,
      },
    })
    const { searchParams } = await signIn(proxy, query)
    return `${searchParams.get('scope')} ${searchParams.get('prompt')}`
  }

  it('asks for a refresh token only where the provider has a scope for it', async () => {
    const provider = ['read', 'admin', 'offline_access']

    assert.equal(await scopeOf({ resource: ['read'], provider }), 'read offline_access consent')
    assert.equal(await scopeOf({ resource: ['read'], provider: ['read'] }), 'read null')
    assert.equal(await scopeOf({ resource: ['read'] }), 'read null')
  })

  it('is left out where nobody names one', async () => {
    assert.equal(await scopeOf({}), 'null null')
    assert.equal(await scopeOf({ provider: ['read', 'admin'] }), 'null null')
  })

  it("is the client's, as far as resource and provider know it", async () => {
    const scopes = { resource: ['read'], provider: ['write'] }

    assert.equal(await scopeOf(scopes, { scope: 'write other' }), 'write null')
    assert.equal(await scopeOf(scopes, { scope: 'other offline_access' }), 'read null')
  })
})
