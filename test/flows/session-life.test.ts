import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { createFakeProvider } from '../support/fake-provider.ts'
import { obtainCode, postForm, redeem } from '../support/flow.ts'
import { errorOf } from '../support/json.ts'
import { oauthServer, PROVIDER, startProxy, type TestProxy } from '../support/proxy.ts'

const Tokens = v.object({
  access_token: v.string(),
  refresh_token: v.string(),
  expires_in: v.number(),
})
type Tokens = v.InferOutput<typeof Tokens>

async function tokensOf(response: Response): Promise<Tokens> {
  assert.equal(response.status, 200, await response.clone().text())
  return v.parse(Tokens, await response.json())
}

async function start(
  options: { revocationUrl?: string; session?: { idle: number; max: number } } = {},
) {
  const provider = createFakeProvider()
  const { revocationUrl, session } = options
  const config = session === undefined ? {} : { session }
  const auth = revocationUrl === undefined ? {} : { provider: { ...PROVIDER, revocationUrl } }
  const proxy = await startProxy({
    servers: [oauthServer('gh', auth), oauthServer('jira')],
    fetch: provider.fetch,
    config,
  })
  const { code } = await obtainCode(proxy)
  return { provider, proxy, code, tokens: await tokensOf(await redeem(proxy, code)) }
}

function refresh(proxy: TestProxy, refreshToken: string, changes: Record<string, string> = {}) {
  return postForm(proxy, '/gh/token', {
    grant_type: 'refresh_token',
    client_id: 'gh',
    refresh_token: refreshToken,
    ...changes,
  })
}

async function statusWith(proxy: TestProxy, { access_token }: Tokens): Promise<number> {
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  return (await proxy.fetch('/gh/mcp', { method: 'POST', headers, body: '{}' })).status
}

describe('a refresh', () => {
  it('rotates: the successor works, and is another', async () => {
    const { proxy, tokens } = await start()

    const next = await tokensOf(await refresh(proxy, tokens.refresh_token))

    assert.notEqual(next.refresh_token, tokens.refresh_token)
    assert.equal(await statusWith(proxy, next), 200)
    await tokensOf(await refresh(proxy, next.refresh_token))
  })

  it('gives all processes that race the same successor, for one request to the provider', async () => {
    const { proxy, provider, tokens } = await start()

    const racers = await Promise.all(
      Array.from({ length: 20 }, () => refresh(proxy, tokens.refresh_token)),
    )

    const bodies = await Promise.all(racers.map(tokensOf))
    assert.equal(new Set(bodies.map((body) => body.refresh_token)).size, 1)
    assert.equal(
      provider.calls.filter(({ form }) => form['grant_type'] === 'refresh_token').length,
      1,
    )
  })

  it('gives the same successor to who comes within 30 s, one after another', async () => {
    const { proxy, tokens } = await start()
    const first = await tokensOf(await refresh(proxy, tokens.refresh_token))

    proxy.wait(29)

    assert.deepEqual(await tokensOf(await refresh(proxy, tokens.refresh_token)), first)
  })

  it('ends the whole family when a used token is shown later', async () => {
    const { proxy, tokens } = await start()
    const next = await tokensOf(await refresh(proxy, tokens.refresh_token))

    proxy.wait(31)

    assert.equal(await errorOf(await refresh(proxy, tokens.refresh_token)), '400 invalid_grant')
    assert.equal(await errorOf(await refresh(proxy, next.refresh_token)), '400 invalid_grant')
    assert.equal(await statusWith(proxy, next), 401)
    assert.equal(await statusWith(proxy, tokens), 401)
  })

  for (const [what, answer] of [
    ['a 5xx', () => new Response('oops', { status: 503 })],
    ['no answer', () => Promise.reject(new Error('timeout'))],
  ] as const) {
    it(`consumes nothing when the provider gives ${what}`, async () => {
      const { proxy, provider, tokens } = await start()
      provider.answer(answer)
      const failed = await refresh(proxy, tokens.refresh_token)
      assert.equal(failed.headers.get('retry-after'), '5')
      assert.equal(await errorOf(failed), '503 temporarily_unavailable')

      provider.answer(() => Response.json({ access_token: 'fresh', expires_in: 60 }))

      await tokensOf(await refresh(proxy, tokens.refresh_token))
    })
  }

  it('is invalid_grant when the provider says so', async () => {
    const { proxy, provider, tokens } = await start()
    provider.answer(() => Response.json({ error: 'invalid_grant' }, { status: 400 }))

    assert.equal(await errorOf(await refresh(proxy, tokens.refresh_token)), '400 invalid_grant')
  })

  it("keeps the provider's refresh token where the provider does not rotate", async () => {
    const { proxy, provider, tokens } = await start()
    provider.answer(() => Response.json({ access_token: 'fresh', expires_in: 60 }))
    const next = await tokensOf(await refresh(proxy, tokens.refresh_token))

    await refresh(proxy, next.refresh_token)

    const used = provider.calls.map(({ form }) => form['refresh_token']).filter(Boolean)
    assert.deepEqual(used, ['provider-refresh-1', 'provider-refresh-1'])
  })

  it('slides up to the idle limit and stops at the absolute one', async () => {
    const { proxy, tokens } = await start({ session: { idle: 100, max: 250 } })
    proxy.wait(90)
    const second = await tokensOf(await refresh(proxy, tokens.refresh_token))
    proxy.wait(90)
    const third = await tokensOf(await refresh(proxy, second.refresh_token))
    proxy.wait(71)

    assert.equal(await errorOf(await refresh(proxy, third.refresh_token)), '400 invalid_grant')
  })

  it('is not for another client, server or resource', async () => {
    const { proxy, tokens } = await start()

    assert.equal(
      await errorOf(await refresh(proxy, tokens.refresh_token, { client_id: 'dummy' })),
      '400 invalid_grant',
    )
    assert.equal(
      await errorOf(
        await refresh(proxy, tokens.refresh_token, { resource: 'http://localhost:4000/jira/mcp' }),
      ),
      '400 invalid_target',
    )
    const elsewhere = await postForm(proxy, '/jira/token', {
      grant_type: 'refresh_token',
      client_id: 'gh',
      refresh_token: tokens.refresh_token,
    })
    assert.equal(await errorOf(elsewhere), '400 invalid_grant')
    await tokensOf(await refresh(proxy, tokens.refresh_token))
  })
})

describe('a code shown twice', () => {
  it('ends what came of it', async () => {
    const { proxy, code, tokens } = await start()
    assert.equal(await statusWith(proxy, tokens), 200)

    assert.equal(await errorOf(await redeem(proxy, code)), '400 invalid_grant')

    assert.equal(await statusWith(proxy, tokens), 401)
    assert.equal(await errorOf(await refresh(proxy, tokens.refresh_token)), '400 invalid_grant')
  })
})

describe('a revocation', () => {
  const URL_OF_PROVIDER = 'https://id.example.com/revoke'

  for (const which of ['refresh_token', 'access_token'] as const) {
    it(`of the ${which} ends the session here and at the provider`, async () => {
      const { proxy, provider, tokens } = await start({ revocationUrl: URL_OF_PROVIDER })
      provider.answer(() => new Response(null, { status: 200 }))

      const response = await postForm(proxy, '/gh/revoke', {
        token: tokens[which],
        client_id: 'gh',
      })

      assert.equal(response.status, 200)
      assert.equal(await statusWith(proxy, tokens), 401)
      assert.equal(await errorOf(await refresh(proxy, tokens.refresh_token)), '400 invalid_grant')
      const call = provider.calls.find(({ url }) => url === URL_OF_PROVIDER)
      const kind = which === 'refresh_token' ? 'refresh' : 'access'
      assert.equal(call?.form['token'], `provider-${kind}-1`)
    })
  }

  it('works at the root, by the token alone', async () => {
    const { proxy, tokens } = await start()

    await postForm(proxy, '/revoke', { token: tokens.refresh_token, client_id: 'gh' })

    assert.equal(await statusWith(proxy, tokens), 401)
  })

  it('is 200 and harmless for garbage and for the token of another client', async () => {
    const { proxy, tokens } = await start()

    for (const members of [
      { token: 'garbage', client_id: 'gh' },
      { token: tokens.refresh_token, client_id: 'other' },
    ]) {
      assert.equal((await postForm(proxy, '/gh/revoke', members)).status, 200)
    }

    assert.equal(await statusWith(proxy, tokens), 200)
  })

  it('refuses what is no revocation request', async () => {
    const { proxy } = await start()

    assert.equal((await proxy.fetch('/gh/revoke')).status, 405)
    assert.equal(
      await errorOf(await postForm(proxy, '/gh/revoke', { client_id: 'gh' })),
      '400 invalid_request',
    )
    assert.equal(
      await errorOf(
        await postForm(proxy, '/gh/revoke', { token: 'x', client_id: 'gh', client_secret: 'no' }),
      ),
      '401 invalid_client',
    )
  })
})
