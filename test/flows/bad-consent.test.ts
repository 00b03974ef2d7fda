import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorizeQuery, cookiesOf, formOf, LOOPBACK, locationOf } from '../support/flow.ts'
import { ORIGIN, oauthServer, startProxy } from '../support/proxy.ts'

interface Page {
  readonly ticket: string
  readonly cookie: string
}

async function start() {
  const proxy = await startProxy({
    servers: [oauthServer('gh'), oauthServer('jira')],
    config: { consent: 'always' },
  })
  const ask = async (server = 'gh'): Promise<Page> => {
    const page = await proxy.fetch(`/${server}/authorize?${authorizeQuery()}`)
    const [, ticket = ''] = /name="ticket" value="([^"]*)"/.exec(await page.text()) ?? []
    return { ticket, cookie: cookiesOf(page) }
  }
  const decide = (
    members: Record<string, string>,
    headers: Record<string, string>,
    path = '/gh/consent',
  ) => proxy.fetch(path, { method: 'POST', body: formOf(members), headers })
  return { proxy, ask, decide }
}

async function assertRefused(response: Response): Promise<void> {
  assert.equal(response.status, 403)
  assert.equal(response.headers.get('location'), null)
  assert.ok(!cookiesOf(response).includes('flow'))
  assert.match(await response.text(), /start again from your app/)
}

describe('a decision', () => {
  it('sends the browser on by 303, with the flow bound to it only now', async () => {
    const { ask, decide } = await start()
    const { ticket, cookie } = await ask()

    const response = await decide({ ticket, decision: 'approve' }, { cookie, origin: ORIGIN })

    assert.equal(response.status, 303)
    assert.equal(locationOf(response).origin, 'https://id.example.com')
    assert.ok(cookiesOf(response).includes('mop_flow_'))
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
  })

  it('of no goes to the client, with its state and our issuer', async () => {
    const { ask, decide } = await start()
    const { ticket, cookie } = await ask()

    const { href, searchParams } = locationOf(
      await decide({ ticket, decision: 'deny' }, { cookie }),
    )

    assert.ok(href.startsWith(LOOPBACK))
    assert.deepEqual(
      [...searchParams].map(([name, value]) =>
        name === 'error_description' ? name : `${name}=${value}`,
      ),
      ['error=access_denied', 'error_description', 'state=st1', `iss=${ORIGIN}/gh`],
    )
  })

  const forgeries: readonly (readonly [
    what: string,
    headers: (page: Page, other: Page) => Record<string, string>,
    ticket?: (page: Page, other: Page) => string,
    path?: string,
  ])[] = [
    ['without the cookie', () => ({})],
    ['with the cookie of another tab only', (_, { cookie }) => ({ cookie })],
    ['from another origin', ({ cookie }) => ({ cookie, origin: 'https://evil.test' })],
    [
      'with an altered ticket',
      ({ cookie }) => ({ cookie }),
      ({ ticket }) => `${ticket.slice(0, -3)}AAA`,
    ],
    ['without a ticket', ({ cookie }) => ({ cookie }), () => ''],
    ['at another server', ({ cookie }) => ({ cookie }), ({ ticket }) => ticket, '/jira/consent'],
  ]
  for (const [what, headers, ticket = (page: Page) => page.ticket, path] of forgeries) {
    it(`is refused ${what}`, async () => {
      const { ask, decide } = await start()
      const page = await ask()
      const other = await ask()

      await assertRefused(
        await decide(
          { ticket: ticket(page, other), decision: 'approve' },
          headers(page, other),
          path,
        ),
      )
    })
  }

  it('is good once, within ten minutes, by POST', async () => {
    const { proxy, ask, decide } = await start()
    const { ticket, cookie } = await ask()
    assert.equal((await decide({ ticket, decision: 'approve' }, { cookie })).status, 303)
    await assertRefused(await decide({ ticket, decision: 'approve' }, { cookie }))

    const late = await ask()
    proxy.wait(601)
    await assertRefused(
      await decide({ ticket: late.ticket, decision: 'approve' }, { cookie: late.cookie }),
    )

    const got = await proxy.fetch(`/gh/consent?${formOf({ ticket, decision: 'approve' })}`, {
      headers: { cookie },
    })
    assert.equal(got.status, 405)
    assert.equal(got.headers.get('allow'), 'POST')
    assert.equal(got.headers.get('access-control-allow-origin'), null)
  })

  it('in two tabs, one after the other, lets both go on', async () => {
    const { ask, decide } = await start()
    const first = await ask()
    const second = await ask()
    const cookie = `${first.cookie}; ${second.cookie}`

    for (const { ticket } of [second, first]) {
      assert.equal((await decide({ ticket, decision: 'approve' }, { cookie })).status, 303)
    }
  })
})
