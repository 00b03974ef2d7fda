import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
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

  async function openConsent(
    look: BrowserContextOptions = {},
    redirect = redirectUri,
  ): Promise<Page> {
    const page = await (await browser.newContext({ javaScriptEnabled: false, ...look })).newPage()
    const url = new URL(`${proxy.base}/demo/authorize`)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: 'demo',
      redirect_uri: redirect,
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

  it('can be used by keyboard alone', async () => {
    const page = await openConsent()

    await page.keyboard.press('Tab')
    const focused = page.locator(':focus')
    assert.equal(await focused.textContent(), 'Allow')
    assert.notEqual(
      await focused.evaluate((button) => getComputedStyle(button).outlineStyle),
      'none',
    )
    await page.keyboard.press('Tab')
    assert.equal(await page.locator(':focus').textContent(), 'Deny')
    await page.keyboard.press('Enter')
    await page.waitForURL(/error=/)

    assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied')
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits 320 px and can be read in ${colorScheme}`, async () => {
      const page = await openConsent({ colorScheme, viewport: { width: 320, height: 640 } })

      const width = await page.locator('html').evaluate((root) => root.scrollWidth)
      const contrasts = await page.locator('main *').evaluateAll(measureContrasts)

      assert.ok(width <= 320, `${width} px wide`)
      assert.ok(contrasts.length > 8)
      for (const { text, ratio } of contrasts) assert.ok(ratio >= 4.5, `${ratio} for ${text}`)
    })
  }

  it('hands a private-use scheme its code by a link, after the whole chain of redirects', async () => {
    const page = await openConsent({}, 'cursor://anysphere.cursor-mcp/oauth/callback')

    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('button', { name: 'Sign in' }).click()

    const link = page.getByRole('link', { name: 'Open cursor' })
    assert.match(
      (await link.getAttribute('href')) ?? '',
      /^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/,
    )
  })
})

/** The contrast of each text with what is behind it (WCAG 2.2 §1.4.3); runs in the page. */
function measureContrasts(elements: Element[]): { text: string; ratio: number }[] {
  const channelsOf = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminanceOf = (color: string) => {
    const [red = 0, green = 0, blue = 0] = channelsOf(color).map((channel) => {
      const part = channel / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const behind = (element: Element | null): string => {
    if (element === null) return 'rgb(255, 255, 255)'
    const { backgroundColor } = getComputedStyle(element)
    return channelsOf(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor
  }
  const ownText = (element: Element) =>
    [...element.childNodes]
      .filter((node) => node.nodeType === 3)
      .map((node) => node.textContent?.trim())
      .join('')
  return elements
    .filter((element) => ownText(element) !== '')
    .map((element) => {
      const both = [getComputedStyle(element).color, behind(element)].map(luminanceOf)
      const [dark = 0, light = 0] = both.sort((left, right) => left - right)
      return { text: ownText(element), ratio: (light + 0.05) / (dark + 0.05) }
    })
}
