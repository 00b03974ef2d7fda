import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { createFakeProvider } from '../support/fake-provider.ts'
import { obtainCode, postForm, redeem } from '../support/flow.ts'
import { JSON_TYPE, upstreamAnswer } from '../support/gateway.ts'
import { errorOf, jsonOf } from '../support/json.ts'
import { oauthServer, startProxy } from '../support/proxy.ts'
import type { UpstreamRequest } from '../support/web-carrier.ts'

const Tokens = v.object({ access_token: v.string(), refresh_token: v.string() })

/** A session, before an upstream for which tokens can die. */
async function start() {
  const provider = createFakeProvider()
  const dead = new Set<string>()
  const arrived: UpstreamRequest[] = []
  const proxy = await startProxy({
    servers: [oauthServer('gh'), oauthServer('jira')],
    fetch: provider.fetch,
    upstream: async (request) => {
      arrived.push(request)
      return upstreamAnswer(dead.has(tokenOf(request)) ? 401 : 200)
    },
  })
  const signIn = async () =>
    v.parse(Tokens, await jsonOf(await redeem(proxy, (await obtainCode(proxy)).code)))
  const tokens = await signIn()
  const post = (token = tokens.access_token, body: BodyInit = '{}') =>
    proxy.fetch('/gh/mcp', {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
      body,
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    })
  const refresh = (refreshToken = tokens.refresh_token) =>
    postForm(proxy, '/gh/token', {
      grant_type: 'refresh_token',
      client_id: 'gh',
      refresh_token: refreshToken,
    })
  const refreshes = () =>
    provider.calls.filter(({ form }) => form['grant_type'] === 'refresh_token')
  return { proxy, provider, dead, arrived, tokens, signIn, post, refresh, refreshes }
}

function tokenOf({ headers }: UpstreamRequest): string {
  const [, value = ''] = headers.find(([name]) => name === 'authorization') ?? []
  return value.replace('Bearer ', '')
}

describe('a provider token that dies before its time', () => {
  it('is renewed once, and the request sent again, before the client sees a 401', async () => {
    const { post, dead, arrived, refreshes } = await start()
    dead.add('provider-access-1')

    assert.equal((await post(undefined, '{"a":1}')).status, 200)
    assert.deepEqual(arrived.map(tokenOf), ['provider-access-1', 'provider-access-2'])
    assert.equal(refreshes()[0]?.form['refresh_token'], 'provider-refresh-1')
    await post()
    assert.equal(tokenOf(arrived[2] ?? assert.fail()), 'provider-access-2')
    assert.equal(refreshes().length, 1)
  })

  it('is renewed once for all requests that find it dead', async () => {
    const { post, dead, refreshes } = await start()
    dead.add('provider-access-1')

    const answers = await Promise.all(Array.from({ length: 30 }, () => post()))

    assert.ok(answers.every(({ status }) => status === 200))
    assert.equal(refreshes().length, 1)
  })

  it('costs the client nothing later: its refresh goes on from the newest token', async () => {
    const { post, dead, refresh, refreshes } = await start()
    dead.add('provider-access-1')
    await post()

    const next = v.parse(Tokens, await jsonOf(await refresh()))

    assert.deepEqual(
      refreshes().map(({ form }) => form['refresh_token']),
      ['provider-refresh-1', 'provider-refresh-2'],
    )
    assert.equal((await post(next.access_token)).status, 200)
  })

  it('is replaced by what the client renewed itself, where that is newer', async () => {
    const { proxy, post, dead, refresh, refreshes, arrived } = await start()
    proxy.wait(1)
    await refresh()
    dead.add('provider-access-1')

    assert.equal((await post()).status, 200)
    assert.equal(tokenOf(arrived.at(-1) ?? assert.fail()), 'provider-access-2')
    assert.equal(refreshes().length, 1)
  })

  it('is a 401 for the client where the provider renews nothing', async () => {
    const { post, dead, provider, arrived } = await start()
    dead.add('provider-access-1')
    provider.answer(() => Response.json({ error: 'invalid_grant' }, { status: 400 }))
    const refused = await post()

    assert.equal(refused.status, 401)
    assert.match(refused.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
    assert.equal(arrived.length, 1)
  })

  it('is a 401 where the new one is refused too, after one attempt', async () => {
    const { post, dead, refreshes, arrived } = await start()
    dead.add('provider-access-1')
    dead.add('provider-access-2')

    assert.equal((await post()).status, 401)
    assert.deepEqual([refreshes().length, arrived.length], [1, 2])
  })

  it('leaves other users their own', async () => {
    const { post, dead, signIn, arrived } = await start()
    const other = await signIn()
    dead.add('provider-access-1')
    await Promise.all([post(), post(other.access_token), post(), post(other.access_token)])

    assert.ok(arrived.map(tokenOf).includes('provider-access-2'))
    const [last] = await Promise.all([post(other.access_token)])
    assert.equal(last.status, 200)
    assert.equal(tokenOf(arrived.at(-1) ?? assert.fail()), 'provider-access-2')
  })

  it('revives no session that was revoked', async () => {
    const { proxy, post, dead, tokens, refresh, refreshes } = await start()
    dead.add('provider-access-1')
    await post()
    await postForm(proxy, '/gh/revoke', { token: tokens.refresh_token, client_id: 'gh' })

    assert.equal((await post()).status, 401)
    assert.equal(await errorOf(await refresh()), '400 invalid_grant')
    assert.equal(refreshes().length, 1)
  })
})
