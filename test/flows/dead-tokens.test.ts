import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { createFakeProvider } from '../support/fake-provider.ts'
import { obtainCode, postForm, redeem } from '../support/flow.ts'
import { upstreamAnswer } from '../support/gateway.ts'
import { errorOf, jsonOf } from '../support/json.ts'
import { oauthServer, startProxy } from '../support/proxy.ts'

const Tokens = v.object({ access_token: v.string(), refresh_token: v.optional(v.string()) })

/** A session whose provider answers as told, before an upstream that does. */
async function start(
  answer: Readonly<Record<string, unknown>>,
  options: { readonly session?: { idle: number; max: number } } = {},
) {
  const provider = createFakeProvider()
  provider.answer(() => Response.json({ token_type: 'bearer', ...answer }))
  let status = 200
  const proxy = await startProxy({
    servers: [oauthServer('gh')],
    fetch: provider.fetch,
    upstream: async () => upstreamAnswer(status),
    config: options.session === undefined ? {} : { session: options.session },
  })
  const { code } = await obtainCode(proxy)
  const redeemed = await redeem(proxy, code)
  const body = await jsonOf(redeemed.clone())
  const tokens = redeemed.ok ? v.parse(Tokens, body) : { access_token: '' }
  return {
    proxy,
    provider,
    body,
    tokens,
    refresh: (refreshToken = tokens.refresh_token, more: Record<string, string> = {}) =>
      postForm(proxy, '/gh/token', {
        grant_type: 'refresh_token',
        client_id: 'gh',
        refresh_token: refreshToken,
        ...more,
      }),
    upstreamSays: (next: number) => {
      status = next
    },
    call: (token = tokens.access_token) =>
      proxy.fetch('/gh/mcp', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      }),
  }
}

describe('a token that the provider revoked', () => {
  it('ends the session, where nothing can renew it', async () => {
    const { call, refresh, upstreamSays } = await start({ access_token: 'never-expires' })
    upstreamSays(401)
    assert.equal((await call()).status, 401)

    assert.equal(await errorOf(await refresh()), '400 invalid_grant')
  })

  for (const error of ['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token']) {
    it(`is a dead grant when the provider calls it ${error}`, async () => {
      const { provider, refresh } = await start({ access_token: 'a', refresh_token: 'r' })
      provider.answer(() => Response.json({ error }))

      assert.equal(await errorOf(await refresh()), '400 invalid_grant')
    })
  }
})

describe('a family that ended', () => {
  it('stays dead for as long as any of its tokens could live', async () => {
    const day = 24 * 3600
    const { proxy, refresh, tokens } = await start({ access_token: 'a', refresh_token: 'r' })
    proxy.wait(29 * day)
    const successor = v.parse(Tokens, await jsonOf(await refresh()))
    proxy.wait(0.9 * day)
    assert.equal(await errorOf(await refresh(tokens.refresh_token)), '400 invalid_grant')

    proxy.wait(0.2 * day)

    assert.equal(await errorOf(await refresh(successor.refresh_token)), '400 invalid_grant')
  })
})

describe('an access token', () => {
  it('lives no longer than the session may', async () => {
    const session = { idle: 3600, max: 3600 }
    const { proxy, call, body } = await start(
      { access_token: 'a', expires_in: 28_800 },
      { session },
    )
    assert.equal(body['expires_in'], 3600)

    proxy.wait(3601)

    assert.equal((await call()).status, 401)
  })

  for (const [expiresIn, expected] of [
    [3599.5, 3599],
    ['7200', 7200],
    ['', 3600],
    [-1, 3600],
    [0, 3600],
    ['soon', 3600],
  ] as const) {
    it(`lives ${expected} s when the provider says ${JSON.stringify(expiresIn)}`, async () => {
      const { body } = await start({ access_token: 'a', expires_in: expiresIn })

      assert.equal(body['expires_in'], expected)
    })
  }

  it('is refused where it would be too long for a header, and the reason is logged', async () => {
    const { proxy, body } = await start({ access_token: 'x'.repeat(12_500) })

    assert.equal(body['error'], 'server_error')
    assert.match(String(body['error_description']), /too long/)
    assert.ok(proxy.log.some(({ details }) => /sealed to/.test(String(details['cause']))))
  })
})

describe('a scope', () => {
  it('is read with commas between its tokens, as GitHub writes them', async () => {
    const { body } = await start({ access_token: 'a', scope: 'repo,read:user' })

    assert.equal(body['scope'], 'repo read:user')
  })

  it('is narrowed for one access token, not for the session', async () => {
    const { refresh } = await start({ access_token: 'a', refresh_token: 'r' })

    const narrow = await jsonOf(await refresh(undefined, { scope: 'read' }))
    const wide = await jsonOf(await refresh(String(narrow['refresh_token'])))

    assert.deepEqual([narrow['scope'], wide['scope']], ['read', 'read write'])
  })
})
