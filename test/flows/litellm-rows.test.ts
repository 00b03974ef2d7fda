import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeProvider } from '../support/fake-provider.ts'
import {
  authorizeQuery,
  CHALLENGE,
  cookiesOf,
  LOOPBACK,
  locationOf,
  obtainCode,
  redeem,
} from '../support/flow.ts'
import { assertErrorPage, jsonOf } from '../support/json.ts'
import { ORIGIN, oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

// The rows of LiteLLM's behaviour that hold for signing in; what differs by contract is not here.

const DUMMY = { client_id: 'dummy_client' }

async function start(
  options: Partial<Parameters<typeof startProxy>[0]> = {},
): Promise<TestProxy & { ask(path: string, query?: Record<string, string>): Promise<Response> }> {
  const proxy = await startProxy({ servers: [oauthServer('gh')], ...options })
  return {
    ...proxy,
    ask: (path, query = {}) => proxy.fetch(`${path}?${authorizeQuery(query)}`),
  }
}

describe("LiteLLM's rows, to the provider", () => {
  it('row 1: root authorize goes to the one server', async () => {
    const { ask } = await start()

    const response = await ask('/authorize', DUMMY)

    assert.equal(response.status, 307)
    const { origin, pathname, searchParams } = locationOf(response)
    assert.equal(origin + pathname, 'https://id.example.com/authorize')
    assert.equal(searchParams.get('client_id'), 'configured-id')
    assert.equal(searchParams.get('redirect_uri'), `${ORIGIN}/gh/callback`)
    assert.equal(searchParams.get('response_type'), 'code')
  })

  it('row 1: with the one callback that LiteLLM has, where that is wanted', async () => {
    const { ask } = await start({ servers: [oauthServer('gh', { callback: 'shared' })] })

    const { searchParams } = locationOf(await ask('/authorize', DUMMY))

    assert.equal(searchParams.get('redirect_uri'), `${ORIGIN}/callback`)
  })

  for (const servers of [[], [oauthServer('gh'), oauthServer('jira')]]) {
    it(`row 2: root authorize is 404 with ${servers.length} servers`, async () => {
      const { ask } = await start({ servers })

      const response = await ask('/authorize', DUMMY)

      assert.equal(response.status, 404)
      assert.equal((await jsonOf(response))['detail'], 'MCP server not found')
    })
  }

  it('row 3: root authorize of several goes by client_id', async () => {
    const { ask } = await start({ servers: [oauthServer('gh'), oauthServer('jira')] })

    const { searchParams } = locationOf(await ask('/authorize', { client_id: 'jira' }))

    assert.equal(searchParams.get('redirect_uri'), `${ORIGIN}/jira/callback`)
  })

  it('row 4: root token redeems at the one provider', async () => {
    const provider = createFakeProvider()
    const proxy = await start({ fetch: provider.fetch })
    const { code } = await obtainCode(proxy, { path: '/authorize', query: DUMMY })

    const response = await redeem(proxy, code, DUMMY, '/token')

    assert.equal(typeof (await jsonOf(response))['access_token'], 'string')
    const [call] = provider.calls
    assert.equal(call?.url, 'https://id.example.com/token')
    assert.equal(call.form['client_id'], 'configured-id')
    assert.equal(call.form['client_secret'], 'configured-secret')
    assert.equal(call.form['code'], 'provider-code')
    assert.equal(call.form['redirect_uri'], `${ORIGIN}/gh/callback`)
    assert.equal(call.form['code_verifier']?.length, 43)
  })

  it('row 17: the query of authorization_url stays, behind one ?', async () => {
    const { ask } = await start()

    const { href, searchParams } = locationOf(await ask('/gh/authorize'))

    assert.equal(searchParams.get('tenant'), 'acme')
    assert.equal(href.split('?').length, 2)
  })

  it('row 18: scope is the client’s, else the configured one; PKCE is our own', async () => {
    const { ask } = await start()
    const scopeOf = async (query: Record<string, string>) =>
      locationOf(await ask('/gh/authorize', query)).searchParams.get('scope')

    assert.equal(await scopeOf({ scope: 'write' }), 'write')
    assert.equal(await scopeOf({}), 'read write')
    const { searchParams } = locationOf(await ask('/gh/authorize'))
    assert.equal(searchParams.get('code_challenge_method'), 'S256')
    assert.notEqual(searchParams.get('code_challenge'), CHALLENGE)
  })

  for (const uri of ['http://127.0.0.2:62646/cb', 'http://[::1]:1/cb', 'http://localhost:9/cb']) {
    it(`row 21: ${uri} is let through`, async () => {
      assert.equal((await (await start()).ask('/gh/authorize', { redirect_uri: uri })).status, 307)
    })
  }

  it('row 21: so are hosts of the list and the apps that are known', async () => {
    const listed = 'https://app.example/cb'
    const { ask } = await start({ config: { allowedRedirectUris: [listed] } })

    for (const redirect_uri of [listed, 'cursor://anysphere.cursor-mcp/oauth/callback'])
      assert.equal((await ask('/gh/authorize', { redirect_uri })).status, 307)
  })

  for (const redirect_uri of [
    'https://evil.test/cb',
    'http://127.0.0.1:1/cb#f',
    'http://u@127.0.0.1:1/cb',
    'http://127.0.0.1.evil.test/cb',
  ]) {
    it(`row 21: ${redirect_uri} is refused on a page`, async () => {
      const { ask } = await start()

      await assertErrorPage(await ask('/gh/authorize', { redirect_uri }))
    })
  }

  it('row 23: state is short, the rest is in a cookie of this browser', async () => {
    const response = await (await start()).ask('/gh/authorize', { state: 's'.repeat(2000) })

    assert.ok((locationOf(response).searchParams.get('state') ?? '').length <= 64)
    assert.match(response.headers.getSetCookie().join(), /Max-Age=600; .*HttpOnly; SameSite=Lax/)
  })
})

describe("LiteLLM's rows, back at the callback", () => {
  async function comeBack(query: Record<string, string>, wait = 0, redirect_uri = LOOPBACK) {
    const proxy = await start({ config: { allowedRedirectUris: [redirect_uri] } })
    const started = await proxy.ask('/gh/authorize', { redirect_uri })
    const state = locationOf(started).searchParams.get('state') ?? ''
    proxy.wait(wait)
    const parameters = new URLSearchParams({ state, ...query })
    const headers = { cookie: cookiesOf(started) }
    return proxy.fetch(`/gh/callback?${parameters}`, { headers })
  }

  it('row 19: code and state go to the client, whose query is kept', async () => {
    const response = await comeBack({ code: 'c' }, 0, 'https://app.example/cb?tenant=1')

    assert.equal(response.status, 302)
    const { origin, searchParams } = locationOf(response)
    assert.equal(origin, 'https://app.example')
    assert.equal(searchParams.get('tenant'), '1')
    assert.equal(searchParams.get('state'), 'st1')
    assert.ok(searchParams.has('code'))
  })

  it('row 20: a bad state, an old one and none are a page', async () => {
    await assertErrorPage(await comeBack({ code: 'c', state: 'forged' }))
    await assertErrorPage(await comeBack({ code: 'c' }, 601))
    await assertErrorPage(await (await start()).fetch('/gh/callback'))
  })

  it('row 20: a user who says no is the client’s to know', async () => {
    const { searchParams } = locationOf(await comeBack({ error: 'access_denied' }))

    assert.equal(searchParams.get('error'), 'access_denied')
    assert.equal(searchParams.get('state'), 'st1')
  })
})
