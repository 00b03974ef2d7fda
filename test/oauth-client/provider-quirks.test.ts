import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProviderConfig } from '../../src/config/config.ts'
import { createAuthorizationUrl } from '../../src/oauth-client/authorization-url.ts'
import type { Discovered } from '../../src/oauth-client/discover.ts'
import { mergeProvider, providerOf } from '../../src/oauth-client/provider.ts'
import { createProviderClients } from '../../src/oauth-client/provider-client.ts'
import { requestToken, type TokenResult } from '../../src/oauth-client/token-request.ts'
import { MCP, UNKNOWN } from '../support/discovery.ts'

const CLIENT = { clientId: 'app', method: 'none' } as const
const noFetch = () => Promise.reject(new Error('Nobody is to be asked'))

/** A provider at an issuer, found for an MCP server that asks for two scopes. */
function discoveredAt(issuer: string, config: Partial<ProviderConfig> = {}) {
  const discovered: Discovered = {
    authorizationServer: {
      issuer,
      authorizationUrl: `${issuer}/authorize`,
      tokenUrl: `${issuer}/token`,
      registrationUrl: `${issuer}/register`,
      scopes: ['offline_access'],
      namesIssuer: false,
      takesClientDocuments: false,
    },
    reach: { named: new Set(), isPrivate: false },
    resource: MCP,
    scopes: ['read', 'write'],
    knownScopes: [],
  }
  const configured = providerOf({ ...UNKNOWN, ...config }, noFetch)
  return mergeProvider(configured, discovered, { fetch: noFetch, learned: [] })
}

/** What the browser is sent to sign in with, less what every provider gets. */
function askedAt(issuer: string, config: Partial<ProviderConfig> = {}) {
  const provider = discoveredAt(issuer, config)
  const url = createAuthorizationUrl(
    { provider, client: CLIENT },
    { redirectUri: 'r', state: 's', codeChallenge: 'c', scope: provider.scopes },
  )
  const {
    response_type,
    client_id,
    redirect_uri,
    state,
    code_challenge,
    code_challenge_method,
    ...rest
  } = Object.fromEntries(new URL(url).searchParams)
  assert.deepEqual(
    [response_type, client_id, redirect_uri, state, code_challenge, code_challenge_method],
    ['code', 'app', 'r', 's', 'c', 'S256'],
  )
  return rest
}

/** What a token request comes to, and what was sent in it. */
async function redeemAt(issuer: string, answer: () => Response) {
  const sent: Record<string, string>[] = []
  const provider = {
    ...discoveredAt(issuer),
    fetch: async (...[input, init]: Parameters<typeof globalThis.fetch>) => {
      const request = new Request(input, init)
      sent.push(Object.fromEntries(new URLSearchParams(await request.text())))
      return answer()
    },
  }
  const access = { provider, client: CLIENT }
  const result = await requestToken(access, 'authorization_code', { code: 'x' })
  return { result, sent: sent[0] ?? {} }
}

function grantedIn(result: TokenResult) {
  assert.equal(result.kind, 'granted', JSON.stringify(result))
  return result.response
}

const CASES: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  [
    'an ordinary provider',
    'https://id.example.com',
    { scope: 'read write offline_access', prompt: 'consent', resource: MCP },
  ],
  [
    'Google',
    'https://accounts.google.com',
    { scope: 'read write', access_type: 'offline', prompt: 'consent' },
  ],
  ['GitHub', 'https://github.com/login/oauth', { scope: 'read write', resource: MCP }],
  ['Slack', 'https://slack.com', { user_scope: 'read,write' }],
  ['Slack for a team', 'https://acme.slack.com', { user_scope: 'read,write' }],
  [
    'Atlassian',
    'https://auth.atlassian.com',
    { scope: 'read write offline_access', audience: 'api.atlassian.com', prompt: 'consent' },
  ],
  ['Auth0', 'https://acme.eu.auth0.com/', { scope: 'read write offline_access', audience: MCP }],
  [
    'Okta',
    'https://acme.okta.com/oauth2/default',
    { scope: 'read write offline_access', prompt: 'consent', resource: MCP },
  ],
  ['Keycloak', 'https://sso.example.com/realms/acme', { scope: 'read write', resource: MCP }],
  [
    'Amazon Cognito',
    'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc',
    { scope: 'read write' },
  ],
  [
    'Amazon Cognito by its domain',
    'https://acme.auth.eu-west-1.amazoncognito.com',
    { scope: 'read write' },
  ],
]

describe('what a browser is sent to sign in with', () => {
  for (const [name, issuer, expected] of CASES) {
    it(`is what ${name} takes`, () => {
      assert.deepEqual(askedAt(issuer), expected)
    })
  }

  for (const host of [
    'login.microsoftonline.com',
    'login.microsoftonline.us',
    'login.partner.microsoftonline.cn',
  ]) {
    it(`names an API of Entra ID in its scopes and never as resource, at ${host}`, () => {
      const issuer = `https://${host}/tenant/v2.0`
      const qualified = { scope: 'api://app/read api://app/write offline_access' }
      const scopes = ['openid', 'User.Read', 'https://graph.microsoft.com/Mail.Read']
      const resource = 'https://api.example.com/'

      const { prompt: _, ...asked } = askedAt(issuer)

      assert.deepEqual(asked, qualified)
      assert.deepEqual(askedAt(issuer, { scopes, resource }), {
        scope:
          'openid https://api.example.com/User.Read https://graph.microsoft.com/Mail.Read offline_access',
      })
    })
  }

  it('is what the operator configured, where that is something else', () => {
    const authorizationParams = { access_type: 'online', prompt: 'select_account', hd: 'acme.test' }

    assert.deepEqual(askedAt('https://accounts.google.com', { authorizationParams }), {
      ...authorizationParams,
      scope: 'read write',
    })
    assert.deepEqual(
      askedAt('https://auth.atlassian.com', { authorizationParams: { audience: 'mine' } }),
      { audience: 'mine', scope: 'read write offline_access', prompt: 'consent' },
    )
  })

  it('has what the protocol rules, whatever is configured', () => {
    const authorizationParams = {
      state: 'fixed',
      client_id: 'other',
      redirect_uri: 'https://evil.test',
      code_challenge_method: 'plain',
      response_type: 'token',
      code_challenge: 'x',
    }

    assert.deepEqual(
      Object.keys(askedAt('https://id.example.com', { authorizationParams })),
      ['scope', 'prompt', 'resource'].sort((left, right) => left.localeCompare(right)),
    )
  })

  it('is not taken for a known provider by a name that only looks like it', () => {
    const ordinary = askedAt('https://id.example.com')
    for (const issuer of [
      'https://accounts.google.com.evil.test',
      'https://notslack.com',
      'https://evil.test/accounts.google.com',
      'https://github.com.evil.test',
      'https://auth0.com.evil.test',
    ]) {
      assert.deepEqual(askedAt(issuer), ordinary, issuer)
    }
  })
})

describe('what a token answer becomes', () => {
  it('is read from the form that GitHub answers with, which never expires', async () => {
    const { result } = await redeemAt(
      'https://github.com/login/oauth',
      () => new Response('access_token=gho_1&scope=repo%2Cgist&token_type=bearer'),
    )

    assert.deepEqual(grantedIn(result), {
      access_token: 'gho_1',
      scope: 'repo,gist',
      token_type: 'bearer',
    })
  })

  it('is a refusal where GitHub says so with status 200', async () => {
    const { result } = await redeemAt(
      'https://github.com/login/oauth',
      () => new Response('error=bad_verification_code&error_description=x'),
    )

    assert.deepEqual(result, { kind: 'refused', error: 'bad_verification_code' })
  })

  it("is the user's own token of Slack, not that of the app", async () => {
    const user = { id: 'U1', access_token: 'xoxp-1', scope: 'read,write', token_type: 'user' }
    const { result } = await redeemAt('https://slack.com', () =>
      Response.json({ ok: true, access_token: 'xoxb-1', token_type: 'bot', authed_user: user }),
    )

    assert.equal(grantedIn(result).access_token, 'xoxp-1')
  })

  it('is the renewed token of Slack, which stands at the top', async () => {
    for (const authed_user of [undefined, { id: 'U1' }]) {
      const { result } = await redeemAt('https://slack.com', () =>
        Response.json({ ok: true, access_token: 'xoxe.1', refresh_token: 'r', authed_user }),
      )

      assert.equal(grantedIn(result).access_token, 'xoxe.1')
    }
  })

  it('is a refusal where Slack says so with status 200', async () => {
    const { result } = await redeemAt('https://slack.com', () =>
      Response.json({ ok: false, error: 'invalid_code' }),
    )

    assert.deepEqual(result, { kind: 'refused', error: 'invalid_code' })
  })

  for (const [issuer, named] of [
    ['https://id.example.com', { resource: MCP }],
    ['https://acme.eu.auth0.com/', { audience: MCP }],
    ['https://login.microsoftonline.com/tenant/v2.0', {}],
    ['https://accounts.google.com', {}],
  ] as const) {
    it(`was asked for with what ${issuer} knows the API by`, async () => {
      const { sent } = await redeemAt(issuer, () => Response.json({ access_token: 'a' }))

      const { resource, audience } = sent
      assert.deepEqual(JSON.parse(JSON.stringify({ resource, audience })), named)
    })
  }
})

describe('a registration endpoint', () => {
  it('is not asked at Okta, where it is for administrators', async () => {
    const clients = createProviderClients({ now: () => 0, log: () => undefined })
    const purpose = {
      redirectUri: 'https://mcp.example.com/gh/callback',
      scope: '',
      documentUrl: undefined,
      mayRegister: true,
      clientName: 'test',
    }

    const finding = clients.find(discoveredAt('https://acme.okta.com'), purpose)

    await assert.rejects(finding, /registers no clients: .*sets client_id/)
  })
})
