import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import {
  challenge,
  ISSUER,
  ISSUER_METADATA,
  MCP,
  NOT_FOUND,
  PATH_METADATA,
  providerAt,
  RESOURCE,
  ROOT_METADATA,
  refusalOf,
  registration,
  signIn,
  startDiscovering,
} from '../support/discovery.ts'
import type { Site } from '../support/internet.ts'
import { ORIGIN } from '../support/proxy.ts'

const NAMED = 'https://mcp.example.com/elsewhere.json'
const INITIALIZE = v.object({ method: v.literal('initialize') })

describe('a server of which only the url is known', () => {
  it('sends its users to the provider that it names, as a client registered there', async () => {
    const { proxy, internet } = await startDiscovering({
      pages: { [PATH_METADATA]: { body: { ...RESOURCE, scopes_supported: ['read', 'write'] } } },
    })

    const { origin, pathname, searchParams } = await signIn(proxy)

    assert.equal(`${origin}${pathname}`, `${ISSUER}/authorize`)
    const { state, code_challenge, ...rest } = Object.fromEntries(searchParams)
    assert.deepEqual(rest, {
      response_type: 'code',
      client_id: 'registered-1',
      redirect_uri: `${ORIGIN}/gh/callback`,
      code_challenge_method: 'S256',
      resource: MCP,
      scope: 'read write',
    })
    assert.match(`${state} ${code_challenge}`, /^[\w-]{20,} [\w-]{43}$/)
    assert.deepEqual(internet.asked, [
      `POST ${MCP}`,
      `GET ${PATH_METADATA}`,
      `GET ${ISSUER_METADATA}`,
      `POST ${ISSUER}/register`,
    ])
    v.parse(INITIALIZE, JSON.parse(internet.requests[0]?.body ?? ''))
  })

  for (const status of [200, 401, 404, 405]) {
    it(`finds its provider though the first request is answered ${status}`, async () => {
      const { proxy } = await startDiscovering({ pages: { [MCP]: { status } } })

      assert.equal((await signIn(proxy)).origin, ISSUER)
    })
  }

  it('finds its provider where a session is free but its tools are not', async () => {
    const { proxy } = await startDiscovering({
      pages: {
        [MCP]: ({ body }) =>
          body?.includes('tools/list') ? challenge(`Bearer resource_metadata=${NAMED}`) : {},
        [PATH_METADATA]: NOT_FOUND,
        [NAMED]: { body: RESOURCE },
      },
    })

    assert.equal((await signIn(proxy)).origin, ISSUER)
  })

  it('may have its endpoints where 2025-03-26 had them', async () => {
    const origin = 'https://mcp.example.com'
    const { proxy } = await startDiscovering({
      pages: {
        [MCP]: { status: 401 },
        [PATH_METADATA]: NOT_FOUND,
        [`${origin}/.well-known/oauth-authorization-server`]: NOT_FOUND,
        [`${origin}/.well-known/openid-configuration`]: NOT_FOUND,
        [`${origin}/register`]: registration(),
      },
    })

    const { href, searchParams } = await signIn(proxy)

    assert.ok(href.startsWith(`${origin}/authorize?`), href)
    assert.equal(searchParams.get('client_id'), 'registered-1')
    assert.equal(searchParams.get('resource'), null)
  })
})

describe('the challenge that names the metadata', () => {
  for (const [what, header] of [
    ['quoted', `Bearer resource_metadata="${NAMED}"`],
    ['as a token', `Bearer resource_metadata=${NAMED}`],
    ['in upper case', `BEARER RESOURCE_METADATA="${NAMED}"`],
    ['with spaces around', `Bearer   resource_metadata = "${NAMED}"`],
    ['after other parameters', `Bearer realm="a, b", error="x", resource_metadata="${NAMED}"`],
    ['before other parameters', `Bearer resource_metadata="${NAMED}", realm=x,scope="read"`],
    ['after escaped quotes', `Bearer realm="a \\"b\\", c=\\\\", resource_metadata="${NAMED}"`],
    ['escaped itself', `Bearer resource_metadata="${NAMED.replace('e', '\\e')}"`],
    ['after another scheme', `Basic realm="x", Bearer resource_metadata="${NAMED}"`],
    ['before another scheme', `Bearer resource_metadata="${NAMED}", DPoP algs="ES256"`],
    ['after an empty scheme', `Negotiate, Bearer resource_metadata="${NAMED}"`],
    ['after a scheme with a token', `NTLM TlRMTQ==, Bearer resource_metadata="${NAMED}"`],
    ['after a second Bearer', `Bearer realm="x", Bearer resource_metadata="${NAMED}"`],
    [
      'after a realm that looks like one',
      `Basic realm="x, Bearer resource_metadata=https://evil.example/", Bearer resource_metadata="${NAMED}"`,
    ],
  ] as const) {
    it(`is read ${what}`, async () => {
      const { proxy, internet } = await startDiscovering({
        pages: {
          [MCP]: challenge(header),
          [NAMED]: { body: RESOURCE },
          [PATH_METADATA]: NOT_FOUND,
        },
      })

      assert.equal((await signIn(proxy)).origin, ISSUER)
      assert.ok(!internet.asked.includes('GET https://evil.example/'))
    })
  }

  for (const header of [
    'Bearer',
    'Bearer "',
    'Bearer resource_metadata',
    'Basic',
    '"',
    'Bearer =',
  ]) {
    it(`may be of no use: ${header}`, async () => {
      const { proxy } = await startDiscovering({ pages: { [MCP]: challenge(header) } })

      assert.equal((await signIn(proxy)).origin, ISSUER)
    })
  }

  it('asks for scopes before the metadata does', async () => {
    const { proxy } = await startDiscovering({
      pages: {
        [MCP]: challenge('Bearer scope="first second"'),
        [PATH_METADATA]: { body: { ...RESOURCE, scopes_supported: ['third'] } },
      },
    })

    assert.equal((await signIn(proxy)).searchParams.get('scope'), 'first second')
  })
})

describe('the places of metadata', () => {
  const tenant = `${ISSUER}/t/1`
  const inserted = `${ISSUER}/.well-known/oauth-authorization-server/t/1`
  const openid = `${ISSUER}/.well-known/openid-configuration/t/1`
  const appended = `${tenant}/.well-known/openid-configuration`

  async function askedOf(pages: Readonly<Record<string, Site>>) {
    const { proxy, internet } = await startDiscovering({
      pages: {
        [MCP]: { status: 401 },
        [PATH_METADATA]: { body: { ...RESOURCE, authorization_servers: [tenant] } },
        [`${tenant}/register`]: registration(),
        ...pages,
      },
    })
    const { href } = await signIn(proxy)
    assert.ok(href.startsWith(`${tenant}/authorize?`), href)
    return internet.asked.filter((one) => one.startsWith('GET '))
  }

  it('are tried path first, then root, for a resource', async () => {
    const { proxy, internet } = await startDiscovering({
      pages: {
        [MCP]: { status: 401 },
        [PATH_METADATA]: NOT_FOUND,
        [ROOT_METADATA]: { body: RESOURCE },
      },
    })

    await signIn(proxy)

    assert.deepEqual(internet.asked.slice(1, 3), [`GET ${PATH_METADATA}`, `GET ${ROOT_METADATA}`])
  })

  it('are tried RFC 8414 first, then OpenID inserted, then appended, for an issuer', async () => {
    const page = { body: providerAt(tenant) }

    assert.deepEqual(await askedOf({ [inserted]: page }), [
      `GET ${PATH_METADATA}`,
      `GET ${inserted}`,
    ])
    const twice = await askedOf({ [inserted]: NOT_FOUND, [openid]: page })
    assert.deepEqual(twice.slice(1), [`GET ${inserted}`, `GET ${openid}`])
    const thrice = await askedOf({ [inserted]: { status: 500 }, [openid]: {}, [appended]: page })
    assert.deepEqual(thrice.slice(1), [`GET ${inserted}`, `GET ${openid}`, `GET ${appended}`])
  })

  it('may be pages of HTML that are passed over', async () => {
    const html = { body: '<!doctype html><title>App</title>' }

    await askedOf({ [inserted]: html, [openid]: html, [appended]: { body: providerAt(tenant) } })
  })

  it('lead to the first provider that works', async () => {
    const { proxy } = await startDiscovering({
      pages: {
        [PATH_METADATA]: {
          body: {
            ...RESOURCE,
            authorization_servers: ['javascript:1', 'https://gone.test', ISSUER],
          },
        },
      },
    })

    assert.equal((await signIn(proxy)).origin, ISSUER)
  })

  it('name no more than three providers that are tried', async () => {
    const authorization_servers = ['https://a.test', 'https://b.test', 'https://c.test', ISSUER]
    const { proxy } = await startDiscovering({
      pages: { [PATH_METADATA]: { body: { ...RESOURCE, authorization_servers } } },
    })

    assert.match(await refusalOf(proxy), /^temporarily_unavailable: .*https:\/\/a\.test/)
  })
})
