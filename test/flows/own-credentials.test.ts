import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Credential } from '../../src/config/config.ts'
import type { Server } from '../../src/registry.ts'
import { createFakeProvider } from '../support/fake-provider.ts'
import { JSON_TYPE, upstreamAnswer } from '../support/gateway.ts'
import { ACCESS_KEY, KEYS, keyedServer, machineOf } from '../support/own.ts'
import { openServer, startProxy } from '../support/proxy.ts'
import type { UpstreamRequest } from '../support/web-carrier.ts'

const KEY = { authorization: `Bearer ${ACCESS_KEY}` }

/** A proxy before an upstream that answers with these statuses in turn, then with 200. */
async function start(servers: readonly Server[], statuses: readonly number[] = []) {
  const provider = createFakeProvider()
  const arrived: UpstreamRequest[] = []
  const proxy = await startProxy({
    servers,
    fetch: provider.fetch,
    upstream: async (request) => {
      arrived.push(request)
      const status = statuses[arrived.length - 1] ?? 200
      return upstreamAnswer(status, [['www-authenticate', 'Bearer resource_metadata="x"']], '{}')
    },
  })
  const post = (path: string, headers: Record<string, string> = {}, body = '{}') =>
    proxy.fetch(path, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
  return { proxy, provider, arrived, post }
}

const sentBy = (request: UpstreamRequest | undefined, name: string) =>
  (request?.headers ?? [])
    .filter(([other]) => other.toLowerCase() === name)
    .map(([, value]) => value)

describe('a server behind access keys', () => {
  const credential: Credential = { kind: 'static', header: ['authorization', 'Bearer own'] }

  it('lets a right key in, which never goes upstream', async () => {
    const { post, arrived } = await start([keyedServer('s', credential)])

    assert.equal((await post('/s/mcp', KEY)).status, 200)
    assert.deepEqual(sentBy(arrived[0], 'authorization'), ['Bearer own'])
  })

  it('takes the key by LiteLLM’s header, beside which Authorization means nothing', async () => {
    const { post, arrived } = await start([keyedServer('s', credential)])
    const beside = { 'x-litellm-api-key': `Bearer ${ACCESS_KEY}`, authorization: 'Bearer junk' }

    assert.equal((await post('/s/mcp', beside)).status, 200)
    assert.equal((await post('/s/mcp', { 'x-litellm-api-key': ACCESS_KEY })).status, 200)
    assert.deepEqual(sentBy(arrived[0], 'authorization'), ['Bearer own'])
    assert.deepEqual(sentBy(arrived[0], 'x-litellm-api-key'), [])
    assert.equal((await post('/s/mcp', { ...KEY, 'x-litellm-api-key': 'junk' })).status, 401)
  })

  for (const [what, headers] of [
    ['no key', {}],
    ['a wrong one', { authorization: 'Bearer junk' }],
    ['another scheme', { authorization: `Basic ${btoa(`x:${ACCESS_KEY}`)}` }],
    ['nothing behind the scheme', { authorization: 'Bearer' }],
    ['a key that is cut', { authorization: `Bearer ${ACCESS_KEY.slice(1)}` }],
  ] as const) {
    it(`answers ${what} with 401 that begins no sign-in, and asks nobody`, async () => {
      const { post, arrived, provider } = await start([keyedServer('s', machineOf())])
      const refused = await post('/s/mcp', headers)

      assert.equal(refused.status, 401)
      assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer realm=/)
      assert.ok(!refused.headers.get('www-authenticate')?.includes('resource_metadata'))
      assert.equal(arrived.length + provider.calls.length, 0)
    })
  }

  it('has no OAuth metadata, and no way around its keys by the query', async () => {
    const { proxy, post } = await start([keyedServer('s', credential)])

    assert.equal((await proxy.fetch('/.well-known/oauth-protected-resource/s/mcp')).status, 404)
    assert.equal((await post(`/s/mcp?access_token=${ACCESS_KEY}`)).status, 401)
  })
})

describe('a credential of the proxy’s own', () => {
  for (const header of [
    ['authorization', 'Bearer own'],
    ['x-api-key', 'own'],
    ['authorization', 'token own'],
  ] as const) {
    it(`goes upstream as ${header[0]}: ${header[1]}, and its refusal is our fault`, async () => {
      const server = keyedServer('s', { kind: 'static', header })
      const { post, arrived } = await start(
        [{ ...server, extraHeaders: ['x-api-key'] }],
        [200, 401],
      )

      assert.equal((await post('/s/mcp', { ...KEY, 'x-api-key': 'theirs' })).status, 200)
      assert.deepEqual(sentBy(arrived[0], header[0]), [header[1]])
      const refused = await post('/s/mcp', KEY)
      assert.equal(refused.status, 502)
      assert.equal(refused.headers.get('www-authenticate'), null)
    })
  }

  it('is fetched once, with the scope, and kept until a minute before its end', async () => {
    const { post, proxy, provider, arrived } = await start([keyedServer('s', machineOf())])
    await post('/s/mcp', KEY)
    await post('/s/mcp', KEY)
    assert.equal(provider.calls.length, 1)
    assert.equal(provider.calls[0]?.form['grant_type'], 'client_credentials')
    assert.equal(provider.calls[0]?.form['scope'], 'run')

    proxy.wait(541)
    await post('/s/mcp', KEY)

    assert.equal(provider.calls.length, 2)
    assert.deepEqual(sentBy(arrived[2], 'authorization'), ['Bearer provider-access-2'])
  })

  it('is replaced once when upstream refuses it, and the body sent again', async () => {
    const { post, provider, arrived } = await start([keyedServer('s', machineOf())], [401, 200])

    assert.equal((await post('/s/mcp', KEY, '{"a":1}')).status, 200)
    assert.equal(provider.calls.length, 2)
    const bodies = arrived.map(
      ({ body }) => body instanceof Uint8Array && new TextDecoder().decode(body),
    )
    assert.deepEqual(bodies, ['{"a":1}', '{"a":1}'])
    assert.deepEqual(sentBy(arrived[1], 'authorization'), ['Bearer provider-access-2'])
  })

  it('is not asked for again and again when upstream refuses every one', async () => {
    const { post, provider, arrived } = await start(
      [keyedServer('s', machineOf())],
      [401, 401, 401],
    )

    assert.equal((await post('/s/mcp', KEY)).status, 502)
    assert.deepEqual([provider.calls.length, arrived.length], [2, 2])
  })

  for (const [what, answer, status, text] of [
    [
      '401',
      () => Response.json({ error: 'invalid_client' }, { status: 401 }),
      502,
      /s gave.*status 401/,
    ],
    ['a list', () => Response.json([]), 502, /s gave.*not a JSON object/],
    ['no token', () => Response.json({ token_type: 'bearer' }), 502, /s gave.*no access_token/],
    ['503', () => new Response(null, { status: 503 }), 503, /provider of s/],
  ] as const) {
    it(`that the provider answers with ${what} is named, without a secret`, async () => {
      const { post, provider, arrived } = await start([keyedServer('s', machineOf())])
      provider.answer(answer)
      const response = await post('/s/mcp', KEY)
      const body = await response.text()

      assert.equal(response.status, status)
      assert.match(body, text)
      assert.ok(!body.includes('configured-secret'))
      assert.equal(arrived.length, 0)
    })
  }

  it('is another for another secret', async () => {
    const changed = machineOf({ client: { clientId: 'own', clientSecret: 'b', method: 'none' } })
    const servers = [keyedServer('s', machineOf()), keyedServer('t', changed)]
    const { post, provider } = await start(servers)
    await post('/s/mcp', KEY)
    await post('/t/mcp', KEY)

    assert.equal(provider.calls.length, 2)
  })
})

describe('true_passthrough', () => {
  const through: Server = {
    ...openServer('s'),
    access: { kind: 'upstream' },
    credential: { kind: 'client' },
  }

  it('leaves Authorization as it is and lets the upstream challenge', async () => {
    const { post, arrived } = await start([through], [200, 401])
    await post('/s/mcp', { authorization: 'Custom abc' })
    const refused = await post('/s/mcp')

    assert.deepEqual(sentBy(arrived[0], 'authorization'), ['Custom abc'])
    assert.deepEqual(sentBy(arrived[1], 'authorization'), [])
    assert.equal(refused.status, 401)
    assert.match(refused.headers.get('www-authenticate') ?? '', /resource_metadata="x"/)
  })

  it('is nothing that other servers do', async () => {
    const open = openServer('o')
    const keyed = { ...openServer('k'), access: { kind: 'keys', keys: KEYS } } as const
    const { post, arrived } = await start([open, keyed], [401])
    const refused = await post('/o/mcp', { authorization: 'Custom abc' })

    assert.deepEqual(sentBy(arrived[0], 'authorization'), [])
    assert.equal(refused.headers.get('www-authenticate'), null)
    assert.equal((await post('/k/mcp', { authorization: 'Custom abc' })).status, 401)
    assert.equal(arrived.length, 1)
  })
})
