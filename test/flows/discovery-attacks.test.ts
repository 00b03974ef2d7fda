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
  RESOURCE,
  ROOT_METADATA,
  refusalOf,
  signIn,
  startDiscovering,
  TOKEN,
} from '../support/discovery.ts'
import { obtainCode, redeem } from '../support/flow.ts'
import { LOOPBACK_ADDRESS, type Site } from '../support/internet.ts'
import { errorOf, jsonOf } from '../support/json.ts'

/** An inside that a hostile server would like the proxy to ask. */
const INSIDE = { 'intranet.test': '10.0.0.5', 'rebound.test': '127.0.0.1' }
/** Pages that would do, were they asked for. */
const GOOD = { body: RESOURCE }

const FORBIDDEN_TO_PUBLIC = [
  'http://169.254.169.254/x',
  'https://169.254.169.254/x',
  'https://[fd00:ec2::254]/x',
  'https://[::ffff:10.0.0.5]/x',
  'https://127.0.0.1:8443/x',
  'https://168.63.129.16/x',
  'https://intranet.test/x',
  'https://rebound.test/x',
  'http://other.example.com/x',
]
const NO_ADDRESS = [
  'file:///etc/passwd',
  'data:application/json,{}',
  'javascript:1',
  'ftp://other.example.com/x',
  'https://user:secret@other.example.com/x',
  'https://other.example.com/x#y',
  '//other.example.com/x',
  '/x',
  'https://',
  'https://other.example.com/$(id)',
  `https://other.example.com/${'x'.repeat(3_000)}`,
]

describe('a hostile MCP server', () => {
  for (const url of [...FORBIDDEN_TO_PUBLIC, ...NO_ADDRESS]) {
    it(`has nobody asked for its metadata at ${url.slice(0, 60)}`, async () => {
      const { proxy, internet } = await startDiscovering({
        pages: { [MCP]: challenge(`Bearer resource_metadata="${url}"`), [url]: GOOD },
        addresses: INSIDE,
      })

      assert.equal((await signIn(proxy)).origin, ISSUER)

      assert.ok(!internet.asked.includes(`GET ${url}`))
    })

    it(`has nobody asked for a provider at ${url.slice(0, 60)}`, async () => {
      const { proxy, internet } = await startDiscovering({
        pages: { [PATH_METADATA]: { body: { ...RESOURCE, authorization_servers: [url] } } },
        addresses: INSIDE,
      })

      assert.match(await refusalOf(proxy), /^(?:server_error|temporarily_unavailable): .*provider/)

      assert.deepEqual(internet.asked, [`POST ${MCP}`, `GET ${PATH_METADATA}`])
    })
  }

  it('inside has hosts inside asked, but no service that gives out secrets', async () => {
    const reached = ['http://10.1.1.1/x', 'https://intranet.test/x', 'https://public.test/x']
    const forbidden = [
      'http://169.254.169.254/x',
      'https://[fd00:ec2::254]/x',
      'http://public.test/x',
      'file:///x',
    ]
    for (const url of [...reached, ...forbidden]) {
      const { proxy, internet } = await startDiscovering({
        pages: { [MCP]: challenge(`Bearer resource_metadata="${url}"`) },
        addresses: { ...INSIDE, 'mcp.example.com': LOOPBACK_ADDRESS },
      })

      await signIn(proxy)

      assert.equal(internet.asked.includes(`GET ${url}`), reached.includes(url), url)
    }
  })

  it('is told nothing more by what a client sees than that there is no provider', async () => {
    const { proxy } = await startDiscovering({
      pages: {
        [PATH_METADATA]: { body: { ...RESOURCE, authorization_servers: ['"><script>'] } },
      },
    })

    assert.doesNotMatch(await refusalOf(proxy), /[<>"]/)
  })

  for (const scopes_supported of [['a"b'], ['a\\b'], ['a\r\nx-evil: 1'], ['ä'], [''], ['a b']]) {
    it(`can not write into our challenge: ${JSON.stringify(scopes_supported)}`, async () => {
      const { proxy } = await startDiscovering({
        pages: {
          [PATH_METADATA]: {
            body: { ...RESOURCE, scopes_supported: ['good', ...scopes_supported] },
          },
        },
      })
      await signIn(proxy)

      const response = await proxy.fetch('/gh/mcp', { method: 'POST', body: '{}' })

      assert.equal(response.status, 401)
      const header = response.headers.get('www-authenticate') ?? ''
      assert.match(header, /^Bearer resource_metadata="[^"]+", scope="good(?: [\w:-]+)*"$/)
    })
  }
})

describe('a hostile provider', () => {
  const PROVIDER_URLS = [...NO_ADDRESS, 'http://other.example.com/authorize']

  for (const name of [
    'authorization_endpoint',
    'token_endpoint',
    'registration_endpoint',
    'revocation_endpoint',
    'jwks_uri',
  ]) {
    it(`is refused for a bad ${name}`, async () => {
      for (const url of PROVIDER_URLS) {
        const { proxy, internet } = await startDiscovering({
          pages: { [ISSUER_METADATA]: { body: providerAt(ISSUER, { [name]: url }) } },
        })

        assert.match(await refusalOf(proxy), new RegExp(`^server_error: .*${name}`), url)
        assert.equal(internet.asked.at(-1), `GET ${ISSUER_METADATA}`)
      }
    })
  }

  it('has no token endpoint inside asked', async () => {
    for (const url of ['https://10.0.0.5/token', 'https://intranet.test/token']) {
      const { proxy, internet } = await startDiscovering({
        pages: { [ISSUER_METADATA]: { body: providerAt(ISSUER, { token_endpoint: url }) } },
        addresses: INSIDE,
      })
      const { code } = await obtainCode(proxy)

      assert.equal(await errorOf(await redeem(proxy, code)), '503 temporarily_unavailable')

      assert.ok(internet.refused.includes(`POST ${url}`))
      assert.ok(internet.asked.every((one) => !one.includes(url)))
      assert.ok(
        proxy.log.some(({ details }) => details['cause'] === 'an address that is not public'),
      )
    }
  })

  it('has no registration endpoint inside asked', async () => {
    const url = 'https://intranet.test/register'
    const { proxy, internet } = await startDiscovering({
      pages: { [ISSUER_METADATA]: { body: providerAt(ISSUER, { registration_endpoint: url }) } },
      addresses: INSIDE,
    })

    assert.match(await refusalOf(proxy), /^temporarily_unavailable: /)

    assert.deepEqual(internet.refused, [`POST ${url}`])
  })

  it('can not send a token request elsewhere', async () => {
    const redirected: Site = { status: 307, headers: { location: 'https://intranet.test/token' } }
    const { proxy, internet } = await startDiscovering({
      pages: { [TOKEN]: redirected },
      addresses: INSIDE,
    })
    const { code } = await obtainCode(proxy)

    assert.equal(await errorOf(await redeem(proxy, code)), '502 server_error')

    assert.equal(internet.asked.at(-1), `POST ${TOKEN}`)
    assert.deepEqual(internet.refused, [])
  })

  it('can not have another resource named in what we publish', async () => {
    const { proxy } = await startDiscovering({
      pages: {
        [PATH_METADATA]: NOT_FOUND,
        [ROOT_METADATA]: { body: { ...RESOURCE, resource: 'https://victim.example.com/mcp' } },
      },
    })
    await signIn(proxy)

    const path = '/.well-known/oauth-protected-resource/gh/mcp'
    const published = await jsonOf(await proxy.fetch(path))

    assert.equal(published['resource'], 'http://localhost:4000/gh/mcp')
  })
})
