import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { load, SERVER } from '../support/config.ts'
import { authorizeQuery, locationOf } from '../support/flow.ts'
import { jsonOf } from '../support/json.ts'
import { ORIGIN, oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

const PRM = '/.well-known/oauth-protected-resource'
const FORWARDED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'proxy.example.com' }

function start(config: Parameters<typeof startProxy>[0]['config'] = {}): Promise<TestProxy> {
  return startProxy({ servers: [oauthServer('gh', { callback: 'shared' })], config })
}

/** B, as the challenge names it. */
async function baseOf(proxy: TestProxy, headers: Record<string, string>, peer = '127.0.0.1') {
  const response = await proxy.fetch('/gh/mcp', { headers, peer })
  return response.headers.get('www-authenticate')?.split('"')[1]?.replace(`${PRM}/gh/mcp`, '')
}

describe("LiteLLM's rows of addresses", () => {
  it('row 7: the root’s resource metadata names the one server', async () => {
    const document = await jsonOf(await (await start()).fetch(PRM))

    assert.deepEqual(document['authorization_servers'], [`${ORIGIN}/gh`])
  })

  for (const shape of ['/gh', '/mcp/gh', '/gh/mcp']) {
    it(`row 9: ${shape} has the issuer that its address was made from`, async () => {
      const proxy = await start()
      const document = (path: string) =>
        proxy.fetch(`/.well-known/oauth-authorization-server${path}`).then(jsonOf)

      assert.equal((await document(shape))['issuer'], `${ORIGIN}${shape}`)
      if (shape === '/gh') return
      const [issuer] = [(await jsonOf(await proxy.fetch(PRM + shape)))['authorization_servers']]
        .flat()
        .map(String)
      assert.equal((await document((issuer ?? '').slice(ORIGIN.length)))['issuer'], issuer)
    })
  }

  for (const [proto, host, port, base] of [
    ['', '', '', ORIGIN],
    ['https', '', '', 'https://localhost:4000'],
    ['https', 'proxy.example.com', '', 'https://proxy.example.com'],
    ['https', 'proxy.example.com:8080', '', 'https://proxy.example.com:8080'],
    ['https', 'proxy.example.com', '8443', 'https://proxy.example.com:8443'],
    ['', 'proxy.example.com', '', 'http://proxy.example.com'],
    ['', '', '8443', ORIGIN],
    ['', '', '443', ORIGIN],
    ['https', '[2001:db8::1]', '', 'https://[2001:db8::1]'],
    ['https', '[2001:db8::1]:8080', '', 'https://[2001:db8::1]:8080'],
    ['https', 'proxy.example.com:9000', '8443', 'https://proxy.example.com:9000'],
    ['https', 'chatproxy.company.com', '', 'https://chatproxy.company.com'],
    ['https', 'external.com', '', 'https://external.com'],
  ] as const) {
    it(`row 12: B is ${base} for ${proto || '–'}, ${host || '–'}, ${port || '–'}`, async () => {
      const headers = new Headers()
      if (proto !== '') headers.set('x-forwarded-proto', proto)
      if (host !== '') headers.set('x-forwarded-host', host)
      if (port !== '') headers.set('x-forwarded-port', port)

      assert.equal(await baseOf(await start(), Object.fromEntries(headers)), base)
    })
  }

  it('row 12: a path that front ends leave in place is kept', async () => {
    const { config } = load(SERVER, { SERVER_ROOT_PATH: '/github/mcp' })
    const { fetch } = await start({ rootPath: config.rootPath ?? '' })

    const document = await jsonOf(await fetch(`${PRM}/gh/mcp`, { headers: FORWARDED }))

    assert.equal(document['resource'], 'https://proxy.example.com/github/mcp/gh/mcp')
  })

  it('row 13: an untrusted peer is not believed, and told of once', async () => {
    const proxy = await start()

    for (let time = 0; time < 3; time++)
      assert.equal(await baseOf(proxy, FORWARDED, '203.0.113.7'), ORIGIN)
    assert.equal(proxy.log.filter(({ message }) => /trusted_proxies/.test(message)).length, 1)
  })

  for (const setting of ['use_x_forwarded_for: false', 'use_x_forwarded_for: true']) {
    it(`row 13: nor is anybody with ${setting} and no ranges`, async () => {
      const { trustedProxies } = load(`general_settings: { ${setting} }${SERVER}`).config

      assert.equal(await baseOf(await start({ trustedProxies }), FORWARDED), ORIGIN)
    })
  }

  it('row 14: PROXY_BASE_URL is B whatever headers say, unless it is none', async () => {
    const startWith = (PROXY_BASE_URL: string) => {
      const { publicUrl } = load(SERVER, { PROXY_BASE_URL }).config
      return start(publicUrl === undefined ? {} : { publicUrl })
    }

    assert.equal(await baseOf(await startWith('https://x.test'), FORWARDED), 'https://x.test')
    assert.equal(await baseOf(await startWith('x'), FORWARDED), 'https://proxy.example.com')
  })

  it('row 16: SERVER_ROOT_PATH is inserted into well-known addresses, which are there', async () => {
    const proxy = await start({ rootPath: '/llm' })
    const challenged = await proxy.fetch('/llm/gh/mcp')
    const url = challenged.headers.get('www-authenticate')?.split('"')[1] ?? ''

    assert.equal(url, `${ORIGIN}${PRM}/llm/gh/mcp`)
    assert.equal((await proxy.fetch(url)).status, 200)
    const { searchParams } = locationOf(await proxy.fetch(`/llm/gh/authorize?${authorizeQuery()}`))
    assert.equal(searchParams.get('redirect_uri'), `${ORIGIN}/llm/callback`)
  })
})
