import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorizeQuery, cookiesOf, formOf, LOOPBACK, locationOf } from '../support/flow.ts'
import { oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

const HOSTED = 'https://claude.ai/api/mcp/auth_callback'

/** A browser that keeps what this proxy gives it. */
function createJar(proxy: TestProxy) {
  const jar = new Map<string, string>()
  const keep = (response: Response) => {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  const headers = () => ({ cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') })
  return {
    jar,
    authorize: async (query: Record<string, string> = {}, path = '/gh/authorize') =>
      keep(await proxy.fetch(`${path}?${authorizeQuery(query)}`, { headers: headers() })),
    decide: async (page: Response, decision: string) => {
      const html = await page.text()
      const [, action = ''] = /action="([^"]*)"/.exec(html) ?? []
      const [, ticket = ''] = /name="ticket" value="([^"]*)"/.exec(html) ?? []
      const body = formOf({ ticket, decision })
      return keep(await proxy.fetch(action, { method: 'POST', headers: headers(), body }))
    },
  }
}

function start(consent: 'always' | 'remember') {
  return startProxy({ servers: [oauthServer('gh'), oauthServer('jira')], config: { consent } })
}

describe('consent: remember', () => {
  it('asks no second time for exactly this', async () => {
    const browser = createJar(await start('remember'))
    const page = await browser.authorize({ redirect_uri: HOSTED, scope: 'read' })
    assert.equal((await browser.decide(page, 'approve')).status, 303)

    const again = await browser.authorize({ redirect_uri: HOSTED, scope: 'read' })

    assert.equal(again.status, 307)
    assert.equal(locationOf(again).origin, 'https://id.example.com')
  })

  for (const [what, query, path] of [
    ['more scope', { redirect_uri: HOSTED, scope: 'read write' }, '/gh/authorize'],
    ['another address', { redirect_uri: LOOPBACK, scope: 'read' }, '/gh/authorize'],
    [
      'another client',
      { redirect_uri: HOSTED, scope: 'read', client_id: 'other' },
      '/gh/authorize',
    ],
    ['another server', { redirect_uri: HOSTED, scope: 'read' }, '/jira/authorize'],
  ] as const) {
    it(`asks again for ${what}`, async () => {
      const browser = createJar(await start('remember'))
      await browser.decide(
        await browser.authorize({ redirect_uri: HOSTED, scope: 'read' }),
        'approve',
      )

      assert.equal((await browser.authorize(query, path)).status, 200)
    })
  }

  it('asks again after 30 days, in another browser, and after a no', async () => {
    const proxy = await start('remember')
    const browser = createJar(proxy)
    await browser.decide(await browser.authorize(), 'approve')
    assert.equal((await createJar(proxy).authorize()).status, 200)
    proxy.wait(30 * 24 * 3600 + 1)
    assert.equal((await browser.authorize()).status, 200)

    const refusing = createJar(proxy)
    await refusing.decide(await refusing.authorize(), 'deny')
    assert.equal((await refusing.authorize()).status, 200)
  })
})

describe('consent: always', () => {
  it('asks each time, hosted clients too', async () => {
    const browser = createJar(await start('always'))

    for (let time = 0; time < 3; time++) {
      const page = await browser.authorize({ redirect_uri: HOSTED })
      assert.equal(page.status, 200)
      await browser.decide(page, 'approve')
    }
  })

  it('keeps at most eight flows in a browser, and completes the newest', async () => {
    const browser = createJar(await start('always'))
    for (let time = 0; time < 40; time++) {
      await browser.decide(await browser.authorize(), 'approve')
    }
    const flows = [...browser.jar.keys()].filter((name) => name.includes('flow'))

    assert.equal(flows.length, 8)
    const size = [...browser.jar].join('; ').length
    assert.ok(size < 12_288, `${size} characters of cookies`)
  })

  it('sets nothing before the yes that could finish a flow', async () => {
    const browser = createJar(await start('always'))

    const page = await browser.authorize()

    assert.ok(!cookiesOf(page).includes('flow'))
    assert.match(
      page.headers.get('content-security-policy') ?? '',
      /default-src 'none'.*frame-ancestors 'none'/,
    )
    assert.doesNotMatch(
      page.headers.get('content-security-policy') ?? '',
      /form-action|unsafe|script-src/,
    )
    assert.equal(page.headers.get('x-frame-options'), 'DENY')
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
    assert.equal(page.headers.get('cache-control'), 'no-store')
  })

  it('shows what a client says as text, without characters that turn or hide it', async () => {
    const browser = createJar(await start('always'))
    const client_id = `"><img src=x onerror=alert(1)>${'a'.repeat(400)}`

    const html = await (await browser.authorize({ client_id })).text()

    assert.doesNotMatch(html, /<img/)
    assert.doesNotMatch(html, /[\u202a-\u202e\u2066-\u2069\u200b]/u)
    assert.doesNotMatch(html, /a{200}/)
    assert.doesNotMatch(html, /<script|(?:src|href)="https?:/)
  })
})
