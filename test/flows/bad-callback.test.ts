import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorizeQuery, cookiesOf, formOf, LOOPBACK, locationOf } from '../support/flow.ts'
import { assertErrorPage } from '../support/json.ts'
import { ORIGIN, oauthServer, PROVIDER, startProxy } from '../support/proxy.ts'

async function start() {
  const proxy = await startProxy({ servers: [oauthServer('gh'), oauthServer('jira')] })
  const begin = async (query: Record<string, string | undefined> = {}, path = '/gh/authorize') => {
    const started = await proxy.fetch(`${path}?${authorizeQuery(query)}`)
    return {
      cookie: cookiesOf(started),
      state: locationOf(started).searchParams.get('state') ?? '',
    }
  }
  const comeBack = (parameters: Record<string, string>, cookie: string, path = '/gh/callback') =>
    proxy.fetch(`${path}?${formOf(parameters)}`, { headers: { cookie } })
  return { proxy, begin, comeBack }
}

describe('the callback', () => {
  it('is good once', async () => {
    const { begin, comeBack } = await start()
    const { cookie, state } = await begin()
    const first = await comeBack({ code: 'c', state }, cookie)
    assert.equal(first.status, 302)
    assert.match(first.headers.getSetCookie().join(), /Max-Age=0/)

    await assertErrorPage(
      await comeBack({ code: 'c', state }, cookie),
      /No sign-in of this browser/,
    )
  })

  const strangers: readonly (readonly [
    what: string,
    change: (
      flow: { cookie: string; state: string },
      other: { cookie: string; state: string },
    ) => { cookie: string; state: string; path?: string },
  ])[] = [
    ['another browser', ({ state }) => ({ state, cookie: '' })],
    ["another flow's cookie", ({ state }, other) => ({ state, cookie: other.cookie })],
    ["another flow's state", ({ cookie }, other) => ({ state: other.state, cookie })],
    [
      'a cookie that was renamed',
      ({ state, cookie }, other) => ({
        state: other.state,
        cookie: cookie.replace(state, other.state),
      }),
    ],
    ['an altered cookie', ({ state, cookie }) => ({ state, cookie: `${cookie.slice(0, -2)}AA` })],
    ['no state', ({ cookie }) => ({ state: '', cookie })],
    ['a state that is a path', ({ cookie }) => ({ state: '../x', cookie })],
    [
      'a cookie behind a no-break space',
      ({ state, cookie }) => ({ state, cookie: `\u00a0${cookie}` }),
    ],
    ['the path of another server', (flow) => ({ ...flow, path: '/jira/callback' })],
    ['the shared path', (flow) => ({ ...flow, path: '/callback' })],
  ]
  for (const [what, change] of strangers) {
    it(`shows a page, and no code, for ${what}`, async () => {
      const { begin, comeBack } = await start()
      const flow = change(await begin(), await begin())

      await assertErrorPage(
        await comeBack({ code: 'c', state: flow.state }, flow.cookie, flow.path),
      )
    })
  }

  it('is too late after ten minutes', async () => {
    const { proxy, begin, comeBack } = await start()
    const { cookie, state } = await begin()
    proxy.wait(601)

    await assertErrorPage(await comeBack({ code: 'c', state }, cookie))
  })

  for (const [given, passed] of [
    ['access_denied', 'access_denied'],
    ['login_required', 'access_denied'],
    ['temporarily_unavailable', 'temporarily_unavailable'],
    ['unauthorized_client', 'server_error'],
    ['x"><script>', 'server_error'],
  ]) {
    it(`passes ${given} on as ${passed}, without a word of the provider's`, async () => {
      const { begin, comeBack } = await start()
      const { cookie, state } = await begin()

      const response = await comeBack(
        {
          error: given ?? '',
          error_description: 'Call +1-800-EVIL',
          error_uri: 'https://evil.test',
          state,
        },
        cookie,
      )

      const { href, searchParams } = locationOf(response)
      assert.equal(searchParams.get('error'), passed)
      assert.equal(searchParams.get('state'), 'st1')
      assert.equal(searchParams.get('iss'), `${ORIGIN}/gh`)
      assert.doesNotMatch(decodeURIComponent(href), /EVIL|evil|<script/)
    })
  }

  it('is a server_error without code or with two', async () => {
    const { proxy, begin, comeBack } = await start()
    for (const query of ['', 'code=a&code=b&']) {
      const { cookie, state } = await begin()
      const response = await proxy.fetch(`/gh/callback?${query}state=${state}`, {
        headers: { cookie },
      })
      assert.equal(locationOf(response).searchParams.get('error'), 'server_error')
    }
    assert.ok(comeBack)
  })

  it('shows a page for the answer of another issuer', async () => {
    const { begin, comeBack } = await start()
    const { cookie, state } = await begin()

    await assertErrorPage(
      await comeBack({ code: 'c', state, iss: 'https://other.example.com' }, cookie),
      /not from the provider/,
    )
  })

  it('shows a page for an answer without issuer, of a provider that always names it', async () => {
    const provider = { ...PROVIDER, namesIssuer: true }
    const proxy = await startProxy({ servers: [oauthServer('gh', { provider })] })
    const ask = async (iss: Record<string, string>) => {
      const started = await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)
      const state = locationOf(started).searchParams.get('state') ?? ''
      const query = formOf({ code: 'c', state, ...iss })
      return proxy.fetch(`/gh/callback?${query}`, { headers: { cookie: cookiesOf(started) } })
    }

    await assertErrorPage(await ask({}), /not from the provider/)
    assert.equal((await ask({ iss: 'https://id.example.com' })).status, 302)
  })

  it("keeps the client's state byte for byte and the query of its address", async () => {
    const state = 'a b+c&d="<\u202e%25'
    const redirect_uri = 'https://c.test/cb?tenant=1&flag'
    const proxy = await startProxy({
      servers: [oauthServer('gh')],
      config: { allowedRedirectUris: [redirect_uri] },
    })
    const started = await proxy.fetch(`/gh/authorize?${authorizeQuery({ state, redirect_uri })}`)
    const ours = locationOf(started).searchParams.get('state') ?? ''

    const response = await proxy.fetch(`/gh/callback?${formOf({ code: 'c', state: ours })}`, {
      headers: { cookie: cookiesOf(started) },
    })

    const location = response.headers.get('location') ?? ''
    assert.ok(location.startsWith(`${redirect_uri}&code=`), location)
    assert.equal(new URL(location).searchParams.get('state'), state)
    assert.equal(new URL(location).searchParams.getAll('iss').length, 1)
  })

  it('names no state where there was none', async () => {
    const { begin, comeBack } = await start()
    const { cookie, state } = await begin({ state: undefined })

    const { searchParams, origin } = locationOf(await comeBack({ code: 'c', state }, cookie))

    assert.equal(origin, new URL(LOOPBACK).origin)
    assert.equal(searchParams.get('state'), null)
  })

  it('uses __Host- cookies on https, and reads no others there', async () => {
    const proxy = await startProxy({
      servers: [oauthServer('gh')],
      config: { publicUrl: 'https://mcp.example.com' },
    })
    const started = await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)
    const [cookie = ''] = started.headers.getSetCookie()
    const state = locationOf(started).searchParams.get('state') ?? ''

    assert.match(
      cookie,
      /^__Host-mop_flow_[\w-]+=.*; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    const plain = cookiesOf(started).replace('__Host-', '')
    await assertErrorPage(
      await proxy.fetch(`/gh/callback?${formOf({ code: 'c', state })}`, {
        headers: { cookie: plain },
      }),
    )
  })

  it('comes to the shared path for a server that shares it', async () => {
    const proxy = await startProxy({ servers: [oauthServer('gh', { callback: 'shared' })] })
    const started = await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)
    const location = locationOf(started)
    assert.equal(location.searchParams.get('redirect_uri'), `${ORIGIN}/callback`)

    const query = formOf({ code: 'c', state: location.searchParams.get('state') ?? '' })
    const response = await proxy.fetch(`/callback?${query}`, {
      headers: { cookie: cookiesOf(started) },
    })

    assert.ok(locationOf(response).searchParams.has('code'))
  })
})
