import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import {
  countOf,
  ISSUER,
  ISSUER_METADATA,
  providerAt,
  REGISTRATION,
  refusalOf,
  registration,
  signIn,
  startDiscovering,
  TOKEN,
} from '../support/discovery.ts'
import { authorizeQuery, obtainCode, postForm, redeem } from '../support/flow.ts'
import type { Internet } from '../support/internet.ts'
import { jsonOf, textOf } from '../support/json.ts'
import { ORIGIN } from '../support/proxy.ts'

const HOSTS = { allowedHosts: ['localhost', 'one.example.com', 'two.example.com'] }
const DOCUMENT_URL = 'https://mcp.example.org/gh/client-metadata.json'
const PUBLIC_URL = { publicUrl: 'https://mcp.example.org' }
const DESCRIBED = {
  [ISSUER_METADATA]: {
    body: providerAt(ISSUER, { client_id_metadata_document_supported: true }),
  },
}

const Registration = v.looseObject({ redirect_uris: v.array(v.string()) })

function registrationsAt({ requests }: Internet) {
  return requests
    .filter(({ url }) => url === REGISTRATION)
    .map(({ body }) => v.parse(Registration, JSON.parse(body ?? '')))
}

describe('a registration at the provider', () => {
  it('says what our client is', async () => {
    const { proxy, internet } = await startDiscovering()

    await signIn(proxy, { scope: 'read' })

    assert.deepEqual(registrationsAt(internet), [
      {
        client_name: 'mcp-oauth-proxy for gh',
        redirect_uris: [`${ORIGIN}/gh/callback`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        application_type: 'native',
        token_endpoint_auth_method: 'client_secret_basic',
        scope: 'read',
      },
    ])
  })

  it('is made once for each base and scope', async () => {
    const { proxy, internet } = await startDiscovering({ config: HOSTS })
    const one = 'https://one.example.com'
    const two = 'https://two.example.com'
    const idOf = async (base: string, scope: string) =>
      (await signIn(proxy, { scope }, base)).searchParams.get('client_id')

    assert.equal(await idOf(one, 'read'), 'registered-1')
    assert.equal(await idOf(one, 'read'), 'registered-1')
    assert.equal(await idOf(two, 'read'), 'registered-2')
    assert.equal(await idOf(one, 'read write'), 'registered-3')
    assert.equal(await idOf(two, 'read'), 'registered-2')

    assert.deepEqual(
      registrationsAt(internet).map(({ redirect_uris }) => redirect_uris),
      [[`${one}/gh/callback`], [`${two}/gh/callback`], [`${one}/gh/callback`]],
    )
  })

  it('is made anew when it failed', async () => {
    const { proxy, internet } = await startDiscovering({
      pages: { [REGISTRATION]: { status: 500 } },
    })
    assert.match(await refusalOf(proxy), /^server_error: /)
    internet.pages.set(REGISTRATION, registration())

    assert.equal((await signIn(proxy)).searchParams.get('client_id'), 'registered-1')
  })

  it('is made anew before its secret expires', async () => {
    const expiry = Math.floor(Date.now() / 1000) + 3600
    const { proxy, internet } = await startDiscovering({
      pages: {
        [REGISTRATION]: registration({
          client_secret: 's',
          client_secret_expires_at: expiry,
          token_endpoint_auth_method: undefined,
        }),
      },
    })
    await signIn(proxy)
    proxy.wait(2_900)
    await signIn(proxy)
    assert.equal(countOf(internet, `POST ${REGISTRATION}`), 1)

    proxy.wait(200)
    await signIn(proxy)

    assert.equal(countOf(internet, `POST ${REGISTRATION}`), 2)
  })

  for (const [what, changes, shown] of [
    [
      'in the header',
      { client_secret: 'a b', token_endpoint_auth_method: 'client_secret_basic' },
      { authorization: `Basic ${btoa('registered-1:a+b')}`, client_secret: undefined },
    ],
    [
      'in the form',
      { client_secret: 'a b', token_endpoint_auth_method: 'client_secret_post' },
      { authorization: undefined, client_secret: 'a b' },
    ],
    [
      'as it asked to, where the provider does not say',
      { client_secret: 's', token_endpoint_auth_method: undefined },
      { authorization: `Basic ${btoa('registered-1:s')}`, client_secret: undefined },
    ],
    [
      'not at all, without a secret',
      { token_endpoint_auth_method: undefined },
      { authorization: undefined, client_secret: undefined },
    ],
  ] as const) {
    it(`shows its secret ${what}`, async () => {
      const { proxy, internet } = await startDiscovering({
        pages: { [REGISTRATION]: registration(changes) },
      })
      const { code } = await obtainCode(proxy)

      assert.equal((await redeem(proxy, code)).status, 200)

      const asked = internet.requests.find(({ url }) => url === TOKEN)
      const client_secret = new URLSearchParams(asked?.body).get('client_secret') ?? undefined
      assert.deepEqual({ authorization: asked?.headers?.['authorization'], client_secret }, shown)
    })
  }

  it('goes with the grant to a second proxy, and over a restart', async () => {
    const first = await startDiscovering()
    const { code } = await obtainCode(first.proxy)
    const second = await startDiscovering({ internet: first.internet })
    const third = await startDiscovering({ internet: first.internet })

    const tokens = await jsonOf(await redeem(second.proxy, code))
    const refreshed = await postForm(third.proxy, '/gh/token', {
      grant_type: 'refresh_token',
      client_id: 'gh',
      refresh_token: String(tokens['refresh_token']),
    })

    assert.equal(refreshed.status, 200, await refreshed.text())
    const forms = first.internet.requests
      .filter(({ url }) => url === TOKEN)
      .map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
    assert.deepEqual(
      forms.map(({ client_id, grant_type }) => `${client_id} ${grant_type}`),
      ['registered-1 authorization_code', 'registered-1 refresh_token'],
    )
    assert.equal(countOf(first.internet, `POST ${REGISTRATION}`), 1)
  })

  it('never happens under an address that somebody made up', async () => {
    const listen = { host: '0.0.0.0', port: 4000 }
    const { proxy, internet } = await startDiscovering({ config: { listen } })

    const told = await signIn(proxy, {}, 'http://evil.test')

    assert.match(told.searchParams.get('error_description') ?? '', /set public_url/)
    assert.deepEqual(registrationsAt(internet), [])
  })

  for (const [what, base, headers, config] of [
    ['Host', 'http://evil.test', {}, HOSTS],
    ['X-Forwarded-Host', ORIGIN, { 'x-forwarded-host': 'evil.test' }, HOSTS],
    ['Host of a local proxy', 'http://evil.test', {}, {}],
    ['X-Forwarded-Host of a local proxy', ORIGIN, { 'x-forwarded-host': 'evil.test' }, {}],
    [
      'X-Forwarded-Host beside a public_url',
      ORIGIN,
      { 'x-forwarded-host': 'evil.test' },
      PUBLIC_URL,
    ],
    ['Host beside a public_url', 'http://evil.test', {}, PUBLIC_URL],
  ] as const) {
    it(`never names a host that came in by ${what}`, async () => {
      const { proxy, internet } = await startDiscovering({ config })

      await proxy.fetch(`${base}/gh/authorize?${authorizeQuery()}`, { headers })

      assert.doesNotMatch(JSON.stringify(internet.requests), /evil\.test/)
    })
  }
})

describe('our own client metadata document', () => {
  it('is our client where the provider takes such documents', async () => {
    const { proxy, internet } = await startDiscovering({ pages: DESCRIBED, config: PUBLIC_URL })

    const { searchParams } = await signIn(proxy)

    assert.equal(searchParams.get('client_id'), DOCUMENT_URL)
    assert.equal(countOf(internet, `POST ${REGISTRATION}`), 0)
    const document = await jsonOf(await proxy.fetch('/gh/client-metadata.json'))
    assert.equal(document['client_id'], DOCUMENT_URL)
    assert.deepEqual(document['redirect_uris'], [searchParams.get('redirect_uri')])
    assert.equal(document['token_endpoint_auth_method'], 'none')
  })

  it('is redeemed with, without any secret', async () => {
    const { proxy, internet } = await startDiscovering({ pages: DESCRIBED, config: PUBLIC_URL })
    const { code } = await obtainCode(proxy)

    assert.ok(await textOf(await redeem(proxy, code), 'access_token'))

    const asked = internet.requests.find(({ url }) => url === TOKEN)
    assert.equal(new URLSearchParams(asked?.body).get('client_id'), DOCUMENT_URL)
    assert.equal(asked?.headers?.['authorization'], undefined)
  })

  it('is not offered where the provider could not fetch it, or wants a secret', async () => {
    const secret = ['client_secret_basic']
    const wantsSecret = {
      [ISSUER_METADATA]: {
        body: providerAt(ISSUER, {
          client_id_metadata_document_supported: true,
          token_endpoint_auth_methods_supported: secret,
        }),
      },
    }
    for (const [pages, config] of [
      [DESCRIBED, {}],
      [DESCRIBED, { publicUrl: 'https://localhost' }],
      [DESCRIBED, { publicUrl: 'https://10.0.0.1' }],
      [wantsSecret, PUBLIC_URL],
    ] as const) {
      const { proxy } = await startDiscovering({ pages, config })

      assert.equal((await signIn(proxy)).searchParams.get('client_id'), 'registered-1')
    }
  })
})
