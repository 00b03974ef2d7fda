import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Child } from '../support/child.ts'
import { portOf } from '../support/proxy.ts'
import { RUNTIMES, serve } from './runtimes.ts'

const CHROMIUM = '/usr/bin/chromium'
const skip = existsSync(CHROMIUM) ? false : 'chromium is not installed'

describe('the sign-in in Chromium', { skip }, () => {
  const state = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let browser: Browser
  let client: Server
  let proxy: { readonly child: Child; readonly base: string }
  let redirectUri: string

  before(async () => {
    const [runtime] = RUNTIMES
    assert.ok(runtime)
    proxy = await serve(runtime, 'config.yaml', { XDG_STATE_HOME: state })
    client = createServer((_request, response) => response.end('<title>Back in the app</title>'))
    client.listen(0, '127.0.0.1')
    await once(client, 'listening')
    redirectUri = `http://127.0.0.1:${portOf(client)}/callback`
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
    ]
    browser = await chromium.launch({ executablePath: CHROMIUM, args })
  })

  after(async () => {
    await browser?.close()
    client?.closeAllConnections()
    client?.close()
    await proxy?.child.stop()
    rmSync(state, { recursive: true })
  })

  async function openConsent(): Promise<Page> {
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    const url = new URL(`${proxy.base}/demo/authorize`)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: 'demo',
      redirect_uri: redirectUri,
      state: 'the state',
      code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString()
    await page.goto(url.href)
    return page
  }

  it('goes from the consent page over the provider back to the app', async () => {
    const page = await openConsent()
    assert.match(await page.title(), /^Let an app use demo/)
    assert.match(
      (await page.locator('main').textContent()) ?? '',
      new RegExp(new URL(redirectUri).host),
    )

    await page.getByRole('button', { name: 'Allow' }).click()
    assert.match(page.url(), /\/authorize\?/)
    await page.getByRole('button', { name: 'Sign in' }).click()

    assert.equal(await page.title(), 'Back in the app')
    const answer = new URL(page.url()).searchParams
    assert.ok(answer.get('code'))
    assert.equal(answer.get('state'), 'the state')
    assert.equal(answer.get('iss'), `${proxy.base}/demo`)
  })

  it('takes a no back to the app, without asking the provider', async () => {
    const page = await openConsent()

    await page.getByRole('button', { name: 'Deny' }).click()

    const answer = new URL(page.url())
    assert.equal(answer.origin, new URL(redirectUri).origin)
    assert.equal(answer.searchParams.get('error'), 'access_denied')
  })

  it('lets two tabs of one browser both finish', async () => {
    const first = await openConsent()
    const second = await first.context().newPage()
    await second.goto(first.url())

    for (const page of [first, second]) await page.getByRole('button', { name: 'Allow' }).click()
    for (const page of [first, second]) await page.getByRole('button', { name: 'Sign in' }).click()

    assert.equal(await first.title(), 'Back in the app')
    assert.equal(await second.title(), 'Back in the app')
  })
})
