import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { register } from '../support/clients.ts'
import { authorizeQuery } from '../support/flow.ts'
import { errorOf, jsonOf } from '../support/json.ts'
import { oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

const GOOD = 'http://localhost:1/cb'

function start(): Promise<TestProxy> {
  return startProxy({
    servers: [oauthServer('gh')],
    config: { registration: 'open', consent: 'always' },
    fetchGuarded: async () => {
      throw new Error('Nothing that a registration names may be fetched')
    },
  })
}

describe('a registration', () => {
  const refused: readonly (readonly [error: string, what: string, body: string])[] = [
    ['invalid_client_metadata', 'that is no JSON', '{'],
    ['invalid_client_metadata', 'that is empty', ''],
    ['invalid_client_metadata', 'that is an array', '[]'],
    ['invalid_client_metadata', 'that is a text', '"x"'],
    ['invalid_client_metadata', 'that is deep', `${'['.repeat(10_000)}`],
    ['invalid_redirect_uri', 'without redirect_uris', '{}'],
    [
      'invalid_redirect_uri',
      'with a text for redirect_uris',
      '{"redirect_uris":"http://localhost/"}',
    ],
    ['invalid_redirect_uri', 'with no redirect_uris', '{"redirect_uris":[]}'],
    ['invalid_redirect_uri', 'with numbers', '{"redirect_uris":[1]}'],
    [
      'invalid_redirect_uri',
      'with eleven',
      JSON.stringify({ redirect_uris: Array(11).fill(GOOD) }),
    ],
    [
      'invalid_redirect_uri',
      'with __proto__ only',
      '{"__proto__":{"redirect_uris":["http://localhost/"]}}',
    ],
    [
      'invalid_client_metadata',
      'with private_key_jwt',
      JSON.stringify({ redirect_uris: [GOOD], token_endpoint_auth_method: 'private_key_jwt' }),
    ],
    [
      'invalid_client_metadata',
      'with a number for a name',
      JSON.stringify({ redirect_uris: [GOOD], client_name: 1 }),
    ],
  ]
  for (const [error, what, body] of refused) {
    it(`${what} is ${error}`, async () => {
      const response = await (await start()).fetch('/gh/register', { method: 'POST', body })

      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.equal(await errorOf(response), `400 ${error}`)
    })
  }

  it('of 64 KiB and one is too large', async () => {
    const body = JSON.stringify({ redirect_uris: [GOOD], client_name: 'x'.repeat(65_536) })

    assert.equal(
      (await (await start()).fetch('/gh/register', { method: 'POST', body })).status,
      413,
    )
  })

  it('echoes what is meant, and neither nulls, secrets nor what it does not know', async () => {
    const proxy = await start()

    const response = await register(proxy, {
      redirect_uris: [GOOD],
      client_name: 'App',
      client_secret: 'mine',
      logo_uri: 'https://canary.test/logo',
      jwks_uri: 'https://canary.test/keys',
      scope: 'read',
      contacts: null,
      grant_types: ['authorization_code', 'implicit'],
    })

    assert.equal(response.status, 201)
    assert.deepEqual(await jsonOf(response), {
      client_id: 'gh',
      redirect_uris: [GOOD],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      client_name: 'App',
      scope: 'read',
    })
    const page = await (await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)).text()
    assert.doesNotMatch(page, /canary/)
  })
})
