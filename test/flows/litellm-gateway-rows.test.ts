import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Credential } from '../../src/config/config.ts'
import type { Server } from '../../src/registry.ts'
import { load } from '../support/config.ts'
import { createFakeProvider } from '../support/fake-provider.ts'
import { authorizeQuery, obtainCode, postForm, redeem } from '../support/flow.ts'
import { JSON_TYPE, upstreamAnswer } from '../support/gateway.ts'
import { textOf } from '../support/json.ts'
import { oauthServer, openServer, PROVIDER, startProxy } from '../support/proxy.ts'
import type { UpstreamRequest, UpstreamResponse } from '../support/web-carrier.ts'

const MACHINE: Credential = { kind: 'machine', provider: PROVIDER }

/** A proxy before this server, what reached it, and its provider. */
async function startBefore(server: Server) {
  const provider = createFakeProvider()
  const arrived: UpstreamRequest[] = []
  let answer: (request: UpstreamRequest) => UpstreamResponse = () => upstreamAnswer(200)
  const proxy = await startProxy({
    servers: [server],
    fetch: provider.fetch,
    upstream: async (request) => {
      arrived.push(request)
      return answer(request)
    },
  })
  const call = (headers: Record<string, string> = {}, method = 'POST') => {
    const content = { ...JSON_TYPE, 'content-length': '2' }
    const message =
      method === 'POST' ? { headers: { ...content, ...headers }, body: '{}' } : { headers }
    return proxy.fetch('/s/mcp', { method, ...message })
  }
  const sent = (name: string, at = -1) =>
    arrived.at(at)?.headers.find(([header]) => header.toLowerCase() === name)?.[1]
  const upstreamSays = (next: typeof answer) => {
    answer = next
  }
  return { proxy, provider, arrived, call, sent, upstreamSays }
}

const machine = () => startBefore({ ...openServer('s'), credential: MACHINE })

/** The server `s` of a configuration in LiteLLM's words. */
function configured(entry: string): Server {
  const text = `general_settings: { master_key: sk-1234 }\nmcp_servers: { s: { url: https://s.test/mcp, ${entry} } }`
  const [server] = load(text).config.servers
  if (server === undefined || server.access.kind === 'sign-in') throw new Error('no such server')
  return { ...server, access: server.access }
}

describe("LiteLLM's rows of machine servers", () => {
  it('row 31: fifty first calls fetch one token', async () => {
    const { provider, call, sent } = await machine()

    await Promise.all(Array.from({ length: 50 }, () => call()))

    assert.equal(provider.calls.length, 1)
    assert.equal(provider.calls[0]?.form['grant_type'], 'client_credentials')
    assert.equal(sent('authorization'), 'Bearer provider-access-1')
  })

  for (const [expiresIn, lifetime] of [
    [600, 540],
    [30, 10],
  ] as const) {
    it(`row 31: a token of ${expiresIn} s is used for ${lifetime} s`, async () => {
      const { proxy, provider, call, sent } = await machine()
      provider.answer(() =>
        Response.json({ access_token: `t${provider.calls.length}`, expires_in: expiresIn }),
      )
      await call()

      proxy.wait(lifetime - 1)
      await call()
      assert.equal(sent('authorization'), 'Bearer t1')
      proxy.wait(lifetime)
      await call()
      assert.notEqual(sent('authorization'), 'Bearer t1')
    })
  }

  it('row 32: nobody is sent to sign in', async () => {
    const { proxy } = await startBefore({
      ...configured('auth_type: none'),
      credential: MACHINE,
    })

    const refused = await proxy.fetch('/s/mcp')

    assert.equal(refused.status, 401)
    assert.doesNotMatch(refused.headers.get('www-authenticate') ?? '', /resource_metadata/)
    assert.equal((await proxy.fetch(`/s/authorize?${authorizeQuery()}`)).status, 404)
  })

  it('row 32: a token that upstream refuses is fetched anew once, and sent once more', async () => {
    const { provider, arrived, call, upstreamSays } = await machine()
    const isStale = ({ headers }: UpstreamRequest) => JSON.stringify(headers).includes('access-1')
    upstreamSays((request) => upstreamAnswer(isStale(request) ? 401 : 200))

    assert.equal((await call()).status, 200)
    assert.deepEqual([provider.calls.length, arrived.length], [2, 2])

    upstreamSays(() => upstreamAnswer(401))
    assert.equal((await call()).status, 502)
    assert.deepEqual([provider.calls.length, arrived.length], [3, 4])
  })

  for (const [what, answer] of [
    ['a refusal', () => Response.json({ error: 'configured-secret' }, { status: 401 })],
    ['a list', () => Response.json(['configured-secret'])],
    ['no access_token', () => Response.json({ token: 'configured-secret' })],
  ] as const) {
    it(`row 33: ${what} in place of a token names the server, and no secret`, async () => {
      const { provider, arrived, call } = await machine()
      provider.answer(answer)

      const response = await call()

      assert.equal(response.status, 502)
      const text = await response.text()
      assert.match(text, what === 'a refusal' ? /provider of s .*401/ : /provider of s /)
      assert.doesNotMatch(text, /secret/)
      assert.equal(arrived.length, 0)
    })
  }
})

describe("LiteLLM's rows of what goes upstream", () => {
  for (const [entry, name, value] of [
    ['auth_type: api_key, auth_value: v', 'x-api-key', 'v'],
    ['auth_type: bearer_token, auth_value: v', 'authorization', 'Bearer v'],
    ['auth_type: basic, auth_value: "u:p"', 'authorization', `Basic ${btoa('u:p')}`],
    ['auth_type: authorization, auth_value: v w', 'authorization', 'v w'],
    ['auth_type: token, auth_value: v', 'authorization', 'token v'],
    ['auth_type: token, auth_value: v, authentication_token: w', 'authorization', 'token w'],
    ['auth_type: none, static_headers: { X-Org: acme }', 'x-org', 'acme'],
    ['auth_type: none, extra_headers: [X-Trace]', 'x-trace', 'mine'],
    ['auth_type: none, extra_headers: [X-Trace], static_headers: { X-Trace: a }', 'x-trace', 'a'],
  ] as const) {
    it(`row 34: ${entry} sends ${name}: ${value}`, async () => {
      const { call, sent } = await startBefore(configured(entry))

      await call({ authorization: 'Bearer sk-1234', 'x-trace': 'mine' })

      assert.equal(sent(name), value)
    })
  }

  it('row 35: a wrong key beside any other bearer token never gets through', async () => {
    const { arrived, call } = await startBefore(configured('auth_type: none'))
    const junk = { authorization: 'Bearer junk' }

    assert.equal((await call(junk)).status, 401)
    assert.equal((await call({ ...junk, 'x-litellm-api-key': 'wrong' })).status, 401)
    const wrong = { 'x-litellm-api-key': 'wrong', authorization: 'Bearer sk-1234' }
    assert.equal((await call(wrong)).status, 401)
    assert.equal(arrived.length, 0)
  })

  for (const headers of [
    { authorization: 'Bearer sk-1234' },
    { 'x-litellm-api-key': 'sk-1234' },
    { 'x-litellm-api-key': 'Bearer sk-1234', authorization: 'Bearer sk-1234' },
  ] as const) {
    it(`row 35: the key itself never goes on, given as ${Object.keys(headers)}`, async () => {
      const { arrived, call } = await startBefore(configured('auth_type: none'))

      assert.equal((await call({ ...headers })).status, 200)
      assert.doesNotMatch(JSON.stringify(arrived[0]?.headers), /sk-1234/)
    })
  }

  it('row 37: a server without sign-in has no OAuth, and no more than an unknown one', async () => {
    const { proxy } = await startBefore(openServer('s'))
    for (const name of ['s', 'nope']) {
      const found = await Promise.all([
        proxy.fetch(`/${name}/authorize?${authorizeQuery()}`),
        postForm(proxy, `/${name}/token`, { grant_type: 'authorization_code', client_id: 's' }),
        proxy.fetch(`/${name}/register`, { method: 'POST', body: '{}' }),
        proxy.fetch(`/.well-known/oauth-protected-resource/${name}/mcp`),
        proxy.fetch(`/.well-known/oauth-authorization-server/${name}`),
      ])

      assert.deepEqual(new Set(found.map(({ status }) => status)), new Set([404]))
    }
  })

  it('row 38: true_passthrough hands over bearer and challenge as they are', async () => {
    const { call, sent, upstreamSays } = await startBefore(
      configured('auth_type: true_passthrough'),
    )
    upstreamSays(() => upstreamAnswer(401, [['www-authenticate', 'Bearer realm="theirs"']]))

    const response = await call({ authorization: 'Bearer mine' })

    assert.equal(sent('authorization'), 'Bearer mine')
    assert.equal(response.status, 401)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="theirs"')
  })

  for (const [profile, grantType, member] of [
    ['rfc8693', 'urn:ietf:params:oauth:grant-type:token-exchange', 'subject_token'],
    ['entra_obo', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'assertion'],
  ] as const) {
    it(`row 40: a user's token is exchanged once, as ${profile}`, async () => {
      const exchange = { profile, subjectTokenType: 'urn:x', audience: 'api' }
      const { proxy, provider, call, sent } = await startBefore({
        ...oauthServer('s'),
        credential: { kind: 'exchange', provider: PROVIDER, exchange },
      })
      const { code } = await obtainCode(proxy, { path: '/s/authorize' })
      const token = await textOf(await redeem(proxy, code, {}, '/s/token'), 'access_token')

      for (let time = 0; time < 2; time++) await call({ authorization: `Bearer ${token}` })

      assert.equal(provider.calls.length, 2)
      assert.equal(provider.calls[1]?.form['grant_type'], grantType)
      assert.equal(provider.calls[1].form[member], 'provider-access-1')
      assert.equal(sent('authorization'), 'Bearer provider-access-2')
    })
  }

  it('row 46: sessions are upstream’s to know, stale ones too', async () => {
    const { call, sent, upstreamSays } = await startBefore(openServer('s'))
    upstreamSays(({ method }) => upstreamAnswer(method === 'DELETE' ? 200 : 404))

    assert.equal((await call({ 'mcp-session-id': 'stale' }, 'DELETE')).status, 200)
    assert.equal(sent('mcp-session-id'), 'stale')
    assert.equal((await call({ 'mcp-session-id': 'stale' })).status, 404)
  })
})
