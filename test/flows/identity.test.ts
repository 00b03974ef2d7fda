import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Credential } from '../../src/config/config.ts'
import { authorizeQuery, locationOf, postForm } from '../support/flow.ts'
import { JSON_TYPE } from '../support/gateway.ts'
import { type Claims, startWithIdentity } from '../support/identity.ts'
import { errorOf, jsonOf, textOf } from '../support/json.ts'
import { PROVIDER } from '../support/proxy.ts'

const RULES = { domains: ['company.com'], emails: ['guest@else.test'], groups: ['admins'] }
const ADA = { email: 'ada@company.com', email_verified: true }

describe('a sign-in at an identity provider', () => {
  const letIn: readonly (readonly [what: string, claims: Claims])[] = [
    ['an address of an allowed domain, in any case', { ...ADA, email: 'Ada@Company.com' }],
    ['an allowed address', { email: 'guest@else.test', email_verified: true }],
    ['an allowed group', { groups: ['users', 'admins'] }],
    ['a token for several that names us', { ...ADA, aud: ['us', 'other'], azp: 'us' }],
  ]
  for (const [what, claims] of letIn) {
    it(`lets in ${what}`, async () => {
      const { signIn } = await startWithIdentity({ rules: RULES })

      assert.equal((await signIn(claims)).status, 200)
    })
  }

  const refused: readonly (readonly [what: string, claims: Claims])[] = [
    ['another domain', { ...ADA, email: 'ada@evil.com' }],
    ['a domain below the allowed one', { ...ADA, email: 'ada@x.company.com' }],
    ['two at signs', { ...ADA, email: 'a@evil.com@company.com' }],
    ['an address that is not verified', { ...ADA, email_verified: false }],
    ['one that is verified in words only', { ...ADA, email_verified: 'true' }],
    ['one of which that is not said', { email: 'ada@company.com' }],
    ['a group that only begins alike', { groups: ['admins2', 'Admins'] }],
    ['another nonce', { ...ADA, nonce: 'other' }],
    ['another issuer', { ...ADA, iss: 'https://evil.test' }],
    ['another audience', { ...ADA, aud: 'other' }],
    ['a token for several without azp', { ...ADA, aud: ['us', 'other'] }],
    ['a token for several that names another', { ...ADA, aud: ['us', 'other'], azp: 'other' }],
    ['a token that is over', { ...ADA, exp: 1 }],
  ]
  for (const [what, claims] of refused) {
    it(`keeps out ${what}`, async () => {
      const { signIn } = await startWithIdentity({ rules: RULES })

      assert.equal(await errorOf(await signIn(claims)), '400 access_denied')
    })
  }

  it('asks for an ID token, and never hands on what it got', async () => {
    const { proxy, signIn, sent } = await startWithIdentity({ rules: RULES })
    const asked = locationOf(await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)).searchParams
    assert.equal(asked.get('scope'), 'openid email')
    assert.ok((asked.get('nonce') ?? '').length > 16)

    const token = await textOf(await signIn(ADA), 'access_token')
    const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` }
    const called = await proxy.fetch('/gh/mcp', { method: 'POST', headers, body: '{}' })

    assert.equal(called.status, 200)
    assert.deepEqual(sent, [undefined])
    assert.equal((await proxy.fetch('/gh/mcp')).status, 401)
  })

  it('goes on after a refresh that brings no ID token', async () => {
    const { proxy, signIn } = await startWithIdentity({ rules: RULES })
    const refreshToken = await textOf(await signIn(ADA), 'refresh_token')

    const refreshed = await postForm(proxy, '/gh/token', {
      grant_type: 'refresh_token',
      client_id: 'gh',
      refresh_token: refreshToken,
    })

    assert.equal(refreshed.status, 200, await refreshed.text())
  })
})

describe('a token exchange', () => {
  const credential: Credential = {
    kind: 'exchange',
    provider: { ...PROVIDER, key: 'gh', scopes: ['api'] },
    exchange: {
      profile: 'rfc8693',
      audience: 'the-api',
      subjectTokenType: 'urn:ietf:params:oauth:token-type:access_token',
    },
  }

  async function call(options: Parameters<typeof startWithIdentity>[0]) {
    const started = await startWithIdentity(options)
    const token = await textOf(await started.signIn(ADA), 'access_token')
    const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` }
    const post = () => started.proxy.fetch('/gh/mcp', { method: 'POST', headers, body: '{}' })
    return { ...started, post, response: await post() }
  }

  it('takes the token that the user’s is exchanged for upstream, and keeps it', async () => {
    const { exchanges, sent, post, response } = await call({ rules: RULES, credential })
    await post()

    assert.equal(response.status, 200)
    assert.deepEqual(sent, ['Bearer for-corp-access', 'Bearer for-corp-access'])
    assert.deepEqual(exchanges, [
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        client_id: 'configured-id',
        client_secret: 'configured-secret',
        subject_token: 'corp-access',
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        scope: 'api',
        audience: 'the-api',
      },
    ])
  })

  it('asks on behalf of the user as Entra ID wants it', async () => {
    const exchange = { ...credential.exchange, profile: 'entra_obo' as const }
    const { exchanges } = await call({ rules: RULES, credential: { ...credential, exchange } })

    assert.equal(exchanges[0]?.['grant_type'], 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    assert.equal(exchanges[0]?.['assertion'], 'corp-access')
    assert.equal(exchanges[0]?.['requested_token_use'], 'on_behalf_of')
  })

  it('that is refused is an error of ours, and nothing goes upstream', async () => {
    const { response, sent } = await call({
      rules: RULES,
      credential,
      exchange: () => Response.json({ error: 'invalid_request' }, { status: 400 }),
    })

    assert.equal(response.status, 502)
    assert.match(String((await jsonOf(response))['detail']), /status 400, error invalid_request/)
    assert.deepEqual(sent, [])
  })
})
