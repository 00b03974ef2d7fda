import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { authorizeQuery, locationOf } from '../support/flow.ts'
import { jsonOf } from '../support/json.ts'
import { oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

type Given = Readonly<Record<string, string>>

function start(config: Parameters<typeof startProxy>[0]['config'] = {}): Promise<TestProxy> {
  return startProxy({ servers: [oauthServer('gh')], config })
}

/** B as the challenge, the metadata and the provider's redirect_uri all have it. */
async function baseOf(proxy: TestProxy, headers: Given, peer = '127.0.0.1'): Promise<string> {
  const challenged = await proxy.fetch('/gh/mcp', { headers, peer })
  const [, url = ''] =
    /resource_metadata="([^"]+)"/.exec(challenged.headers.get('www-authenticate') ?? '') ?? []
  const base = url.replace('/.well-known/oauth-protected-resource', '').replace(/\/gh\/mcp$/, '')
  const resource = await jsonOf(
    await proxy.fetch('/.well-known/oauth-protected-resource/gh/mcp', { headers, peer }),
  )
  assert.equal(resource['resource'], `${base}/gh/mcp`)
  const document = await jsonOf(
    await proxy.fetch('/.well-known/oauth-authorization-server/gh', { headers, peer }),
  )
  for (const [name, value] of Object.entries(document)) {
    if (name === 'issuer' || name.endsWith('_endpoint'))
      assert.ok(String(value).startsWith(`${base}/gh`), `${name}: ${value}`)
  }
  const authorized = await proxy.fetch(`/gh/authorize?${authorizeQuery()}`, { headers, peer })
  assert.equal(locationOf(authorized).searchParams.get('redirect_uri'), `${base}/gh/callback`)
  return base
}

const TABLE: readonly (readonly [
  proto: string | undefined,
  host: string | undefined,
  port: string | undefined,
  base: string,
])[] = [
  [undefined, undefined, undefined, 'http://localhost:4000'],
  ['https', undefined, undefined, 'https://localhost:4000'],
  ['https', 'proxy.example.com', undefined, 'https://proxy.example.com'],
  ['https', 'proxy.example.com:8080', undefined, 'https://proxy.example.com:8080'],
  ['https', 'proxy.example.com', '8443', 'https://proxy.example.com:8443'],
  ['https', 'proxy.example.com', '443', 'https://proxy.example.com'],
  [undefined, 'proxy.example.com', undefined, 'http://proxy.example.com'],
  ['https', '[2001:db8::1]', undefined, 'https://[2001:db8::1]'],
  ['https', '[2001:db8::1]:8080', undefined, 'https://[2001:db8::1]:8080'],
  ['https', 'proxy.example.com:9000', '8443', 'https://proxy.example.com:9000'],
  ['https,http', 'a.example.com, b.internal', undefined, 'https://a.example.com'],
  [undefined, undefined, '8443', 'http://localhost:4000'],
  ['HTTPS', 'Proxy.Example.COM', undefined, 'https://proxy.example.com'],
  ['http', 'proxy.example.com', '80', 'http://proxy.example.com'],
]

function headersOf([proto, host, port]: (typeof TABLE)[number]): Given {
  const isList = host?.includes(',') === true
  return {
    ...(proto === undefined ? {} : { 'x-forwarded-proto': proto }),
    ...(host === undefined ? {} : { 'x-forwarded-host': host }),
    ...(port === undefined ? {} : { 'x-forwarded-port': port }),
    ...(isList ? { 'x-forwarded-for': '203.0.113.9, 127.0.0.1' } : {}),
  }
}

describe('the public base', () => {
  for (const row of TABLE) {
    const [proto = '–', host = '–', port = '–', base] = row
    it(`is ${base} for ${proto}, ${host}, ${port} from a trusted peer`, async () => {
      assert.equal(await baseOf(await start(), headersOf(row)), base)
    })

    it(`is the own host for ${proto}, ${host}, ${port} from an untrusted peer`, async () => {
      const proxy = await start()

      assert.equal(await baseOf(proxy, headersOf(row), '203.0.113.7'), 'http://localhost:4000')

      const lines = proxy.log.filter(({ message }) => message.includes('trusted_proxies'))
      assert.equal(lines.length, Object.keys(headersOf(row)).length === 0 ? 0 : 1)
    })
  }

  const malformed: readonly Given[] = [
    { 'x-forwarded-host': 'evil.test/x' },
    { 'x-forwarded-host': 'a b' },
    { 'x-forwarded-host': 'user@evil.test' },
    { 'x-forwarded-host': 'host:0' },
    { 'x-forwarded-host': 'host:65536' },
    { 'x-forwarded-host': 'host:08080' },
    { 'x-forwarded-host': '[::1' },
    { 'x-forwarded-host': '::1' },
    { 'x-forwarded-host': ',' },
    { 'x-forwarded-host': 'evil.test,' },
    { 'x-forwarded-host': 'a'.repeat(10_000) },
    { 'x-forwarded-proto': 'javascript' },
    { 'x-forwarded-proto': '', 'x-forwarded-host': 'evil.test' },
    { 'x-forwarded-port': '0' },
    { 'x-forwarded-port': '443, x' },
  ]
  for (const given of malformed) {
    it(`ignores the whole set with ${JSON.stringify(given).slice(0, 70)}`, async () => {
      const whole = {
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'good.example.com',
        ...given,
      }

      assert.equal(await baseOf(await start(), whole), 'http://localhost:4000')
    })
  }

  it('takes only what the outermost trusted proxy wrote', async () => {
    const proxy = await start()
    const lists = {
      'x-forwarded-proto': 'http,https',
      'x-forwarded-host': 'evil.test, good.example.com',
    }

    assert.equal(
      await baseOf(proxy, { ...lists, 'x-forwarded-for': '127.0.0.1, 203.0.113.9' }),
      'https://good.example.com',
    )
    assert.equal(await baseOf(proxy, lists), 'https://good.example.com')
  })

  it('reads none but the headers that are named', async () => {
    const evil = {
      forwarded: 'host=evil.test;proto=http',
      'x-forwarded-prefix': '/evil',
      'x-forwarded-port': '1',
    }
    const proxy = await start({ forwardedHeaders: ['x-forwarded-proto', 'x-forwarded-host'] })

    assert.equal(
      await baseOf(proxy, {
        ...evil,
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'good.example.com',
      }),
      'https://good.example.com',
    )
    assert.equal(
      await baseOf(await start({ forwardedHeaders: [] }), { 'x-forwarded-host': 'evil.test' }),
      'http://localhost:4000',
    )
  })

  for (const [forwarded, base] of [
    ['for=192.0.2.1;host=a.example.com;proto=https', 'https://a.example.com'],
    [
      'For="[2001:db8::1]:1234";Host="a.example.com:8443";Proto=HTTPS',
      'https://a.example.com:8443',
    ],
    [
      'for=192.0.2.1;host=a.example.com;proto=https, for=127.0.0.1;host=b.internal;proto=http',
      'https://a.example.com',
    ],
    ['for=127.0.0.1;host=evil.test, for=192.0.2.1;host=a.example.com', 'http://a.example.com'],
    ['for=_hidden;host=a.example.com', 'http://a.example.com'],
    ['host=a;host=b', 'http://localhost:4000'],
    ['host="a', 'http://localhost:4000'],
    ['host="a\\"b"', 'http://localhost:4000'],
    ['proto=javascript;host=a', 'http://localhost:4000'],
    ['host=a.example.com;', 'http://localhost:4000'],
    [',', 'http://localhost:4000'],
  ] as const) {
    it(`is ${base} for Forwarded: ${forwarded}`, async () => {
      const proxy = await start({ forwardedHeaders: ['forwarded'] })

      assert.equal(await baseOf(proxy, { forwarded, 'x-forwarded-host': 'evil.test' }), base)
    })
  }

  it('is public_url wherever that is set', async () => {
    const proxy = await start({ publicUrl: 'https://mcp.example.com/llm' })

    const response = await proxy.fetch('/gh/mcp', { headers: { 'x-forwarded-host': 'evil.test' } })

    assert.equal(
      response.headers.get('www-authenticate')?.split('"')[1],
      'https://mcp.example.com/.well-known/oauth-protected-resource/llm/gh/mcp',
    )
    for (const path of [
      '/.well-known/oauth-protected-resource/llm/gh/mcp',
      '/llm/gh/mcp/.well-known/oauth-protected-resource',
      '/.well-known/oauth-protected-resource/gh/mcp',
    ]) {
      const found = await proxy.fetch(path)
      assert.equal(found.headers.get('cache-control'), 'public, max-age=300')
      assert.equal((await jsonOf(found))['resource'], 'https://mcp.example.com/llm/gh/mcp')
    }
    assert.equal((await proxy.fetch('/llm/gh/mcp')).status, 401)
  })

  it('keeps caches away from what it took from headers', async () => {
    const response = await (await start()).fetch('/.well-known/oauth-protected-resource/gh/mcp')

    assert.equal(response.headers.get('cache-control'), 'no-store')
  })
})

describe('any forwarded header', () => {
  it('gives a base of one plain origin, quickly', async () => {
    const proxy = await start({
      forwardedHeaders: [
        'x-forwarded-proto',
        'x-forwarded-host',
        'x-forwarded-port',
        'x-forwarded-prefix',
      ],
    })
    const value = fc.string({
      maxLength: 40,
      unit: fc.constantFrom(...'a.:[]1/,"; @\\%#?-htps'.split('')),
    })
    await fc.assert(
      fc.asyncProperty(value, value, value, value, async (proto, host, port, prefix) => {
        const headers = {
          'x-forwarded-proto': proto,
          'x-forwarded-host': host,
          'x-forwarded-port': port,
          'x-forwarded-prefix': prefix,
        }
        const response = await proxy.fetch('/gh/mcp', { headers })
        const url = response.headers.get('www-authenticate')?.split('"')[1] ?? ''
        assert.equal(new URL(url).href, url)
        assert.match(
          url,
          /^https?:\/\/[^/@]+\/\.well-known\/oauth-protected-resource\/[\w./~-]*gh\/mcp$/,
        )
      }),
    )
  })

  it('takes no time to refuse', async () => {
    const proxy = await start({ forwardedHeaders: ['forwarded'] })
    const started = performance.now()
    for (const character of ['a', ',', ';', '"', '\\', ' ']) {
      await proxy.fetch('/gh/mcp', { headers: { forwarded: `host="${character.repeat(65_000)}` } })
    }

    assert.ok(performance.now() - started < 1_000)
  })
})
