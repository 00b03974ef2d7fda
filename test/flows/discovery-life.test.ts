import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  answerAs,
  challenge,
  countOf,
  ISSUER,
  ISSUER_METADATA,
  MCP,
  NOT_FOUND,
  PATH_METADATA,
  providerAt,
  REGISTRATION,
  RESOURCE,
  ROOT_METADATA,
  refusalOf,
  signIn,
  startDiscovering,
  TOKEN,
} from '../support/discovery.ts'
import { obtainCode, postForm, redeem } from '../support/flow.ts'
import type { Internet, Site } from '../support/internet.ts'
import { errorOf, jsonOf, textOf } from '../support/json.ts'
import type { TestProxy } from '../support/proxy.ts'

const PROBE = `POST ${MCP}`
const NEVER = new Promise<never>(() => undefined)
const DOWN: Site = { status: 503 }

function refresh(proxy: TestProxy, refresh_token: string): Promise<Response> {
  return postForm(proxy, '/gh/token', {
    grant_type: 'refresh_token',
    client_id: 'gh',
    refresh_token,
  })
}

async function signInWholly(proxy: TestProxy): Promise<string> {
  const { code } = await obtainCode(proxy)
  return textOf(await redeem(proxy, code), 'refresh_token')
}

function formsAt(internet: Internet, url: string) {
  return internet.requests
    .filter((request) => request.url === url)
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
}

describe('discovery', () => {
  it('begins with the first request, not with the proxy, and keeps no client waiting', async () => {
    const { proxy, internet } = await startDiscovering({ pages: { [MCP]: () => NEVER } })
    assert.equal((await proxy.fetch('/healthz')).status, 200)
    assert.deepEqual(internet.asked, [])

    assert.equal((await proxy.fetch('/gh/mcp', { method: 'POST', body: '{}' })).status, 401)

    assert.deepEqual(internet.asked, [PROBE])
  })

  it('is one for all who come at once, and so is the registration', async () => {
    const { proxy, internet } = await startDiscovering()

    const all = await Promise.all(Array.from({ length: 20 }, () => signIn(proxy)))

    assert.ok(all.every(({ searchParams }) => searchParams.get('client_id') === 'registered-1'))
    assert.equal(countOf(internet, PROBE), 1)
    assert.equal(countOf(internet, `POST ${REGISTRATION}`), 1)
  })

  it('is good for five minutes', async () => {
    const { proxy, internet } = await startDiscovering()
    await signIn(proxy)
    proxy.wait(299)
    await signIn(proxy)
    assert.equal(countOf(internet, PROBE), 1)

    proxy.wait(2)
    await signIn(proxy)

    assert.equal(countOf(internet, PROBE), 2)
  })

  it('changes what documents and challenges say when it finds other scopes', async () => {
    const { proxy, internet } = await startDiscovering()
    const scopesIn = async () => {
      const { scopes_supported } = await jsonOf(
        await proxy.fetch('/.well-known/oauth-protected-resource/gh/mcp'),
      )
      const { headers } = await proxy.fetch('/gh/mcp', { method: 'POST', body: '{}' })
      return [scopes_supported, /scope="(.*?)"/.exec(headers.get('www-authenticate') ?? '')?.[1]]
    }
    assert.deepEqual(await scopesIn(), [undefined, undefined])
    internet.pages.set(PATH_METADATA, { body: { ...RESOURCE, scopes_supported: ['read'] } })
    assert.deepEqual(await scopesIn(), [undefined, undefined])
    proxy.wait(301)

    assert.deepEqual(await scopesIn(), [['read'], 'read'])
  })

  it('is tried again a minute after it failed', async () => {
    const { proxy, internet } = await startDiscovering({ pages: { [ISSUER_METADATA]: DOWN } })
    assert.match(await refusalOf(proxy), /^temporarily_unavailable: /)
    proxy.wait(59)
    await signIn(proxy)
    assert.equal(countOf(internet, PROBE), 1)
    internet.pages.set(ISSUER_METADATA, { body: providerAt(ISSUER) })

    proxy.wait(2)

    assert.equal((await signIn(proxy)).origin, ISSUER)
  })
})

describe('a provider that was known', () => {
  for (const [what, pages] of [
    ['the MCP server', { [MCP]: 'unreachable' }],
    ['the MCP server, which still answers', { [MCP]: DOWN, [PATH_METADATA]: DOWN }],
    ['the metadata of the MCP server', { [PATH_METADATA]: DOWN, [ROOT_METADATA]: DOWN }],
    ['the metadata of the provider', { [ISSUER_METADATA]: DOWN }],
  ] as const) {
    it(`still renews while ${what} is down`, async () => {
      const { proxy, internet } = await startDiscovering()
      const token = await signInWholly(proxy)
      for (const [url, page] of Object.entries<Site>(pages)) internet.pages.set(url, page)
      proxy.wait(301)

      const response = await refresh(proxy, token)

      assert.equal(response.status, 200, await response.text())
      assert.equal(formsAt(internet, TOKEN).at(-1)?.['refresh_token'], 'refresh-1')
    })
  }

  it('still renews while a server with metadata at a place of its own is down', async () => {
    const place = 'https://mcp.example.com/elsewhere.json'
    const { proxy, internet } = await startDiscovering({
      pages: {
        [MCP]: challenge(`Bearer resource_metadata="${place}"`),
        [place]: { body: RESOURCE },
        [PATH_METADATA]: NOT_FOUND,
        'https://mcp.example.com/.well-known/oauth-authorization-server': NOT_FOUND,
        'https://mcp.example.com/.well-known/openid-configuration': NOT_FOUND,
      },
    })
    const token = await signInWholly(proxy)
    internet.pages.set(MCP, DOWN)
    proxy.wait(301)

    const response = await refresh(proxy, token)

    assert.equal(response.status, 200, await response.text())
  })

  it('is not replaced by guesses while the metadata of its server is down', async () => {
    const { proxy, internet } = await startDiscovering({ pages: { [PATH_METADATA]: DOWN } })

    assert.match(await refusalOf(proxy), /^temporarily_unavailable: .*status 503/)

    assert.ok(internet.asked.every((one) => !one.endsWith('oauth-authorization-server')))
  })

  it('is not replaced by guesses while metadata at its origin is down', async () => {
    const { proxy, internet } = await startDiscovering({
      pages: {
        [MCP]: { status: 401 },
        [PATH_METADATA]: NOT_FOUND,
        'https://mcp.example.com/.well-known/oauth-authorization-server': { status: 429 },
        'https://mcp.example.com/.well-known/openid-configuration': NOT_FOUND,
      },
    })

    assert.match(await refusalOf(proxy), /^temporarily_unavailable: .*status 429/)

    assert.equal(countOf(internet, 'POST https://mcp.example.com/register'), 0)
  })

  it('gets no refresh token that another issuer gave', async () => {
    const other = 'https://other.example.com'
    const { proxy, internet } = await startDiscovering({
      pages: {
        [`${other}/.well-known/oauth-authorization-server`]: { body: providerAt(other) },
      },
    })
    const token = await signInWholly(proxy)
    internet.pages.set(PATH_METADATA, { body: { ...RESOURCE, authorization_servers: [other] } })
    proxy.wait(301)

    assert.equal(await errorOf(await refresh(proxy, token)), '400 invalid_grant')

    assert.ok(internet.requests.every(({ body }) => !body?.includes('refresh-1')))
    assert.equal(countOf(internet, `POST ${other}/token`), 0)
  })

  it('that forgot our client is asked again and knows a new one at the next sign-in', async () => {
    const { proxy, internet } = await startDiscovering()
    const token = await signInWholly(proxy)
    const answer = internet.pages.get(TOKEN)
    internet.pages.set(TOKEN, { status: 401, body: { error: 'invalid_client' } })

    assert.equal(await errorOf(await refresh(proxy, token)), '400 invalid_grant')

    assert.ok(answer)
    internet.pages.set(TOKEN, answer)
    assert.equal((await signIn(proxy)).searchParams.get('client_id'), 'registered-2')
    assert.equal(countOf(internet, PROBE), 2)
  })

  it('is asked at most every ten seconds, however often it forgets our client', async () => {
    const { proxy, internet } = await startDiscovering()
    const tokens = [await signInWholly(proxy), await signInWholly(proxy)]
    const refuse = { status: 401, body: { error: 'invalid_client' } }
    const answer = internet.pages.get(TOKEN) ?? refuse
    for (const token of tokens) {
      internet.pages.set(TOKEN, refuse)
      await refresh(proxy, token)
      internet.pages.set(TOKEN, answer)
      await signIn(proxy)
    }

    assert.equal(countOf(internet, PROBE), 2)

    proxy.wait(11)
    await signIn(proxy)
    assert.equal(countOf(internet, PROBE), 3)
  })
})

describe('the answer of another issuer', () => {
  it('is a page, and its code goes nowhere', async () => {
    const { proxy, internet } = await startDiscovering({
      pages: {
        [ISSUER_METADATA]: {
          body: providerAt(ISSUER, { authorization_response_iss_parameter_supported: true }),
        },
      },
    })
    for (const iss of ['https://other.example.com', `${ISSUER}/`, undefined]) {
      const answer = await answerAs(proxy, iss)

      assert.equal(answer.status, 400)
      assert.match(await answer.text(), /not from the provider/)
    }
    assert.equal((await answerAs(proxy, ISSUER)).status, 302)
    assert.equal(countOf(internet, `POST ${TOKEN}`), 0)
  })
})
