import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LOOPBACK_CLIENTS } from '../../src/oauth/client-callbacks.ts'
import { HOSTILE_REDIRECT_URIS, KNOWN_REDIRECT_URIS } from '../corpus/redirect-uris.ts'
import { register } from '../support/clients.ts'
import { authorizeQuery, CHALLENGE, cookiesOf, LOOPBACK, locationOf } from '../support/flow.ts'
import { assertErrorPage, errorOf } from '../support/json.ts'
import { ORIGIN, oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

function start(): Promise<TestProxy> {
  return startProxy({ servers: [oauthServer('gh'), oauthServer('jira')] })
}

describe('the redirect URI policy', () => {
  for (const uri of HOSTILE_REDIRECT_URIS) {
    it(`shows a page for ${uri.slice(0, 60)}`, async () => {
      const proxy = await start()

      await assertErrorPage(
        await proxy.fetch(`/gh/authorize?${authorizeQuery({ redirect_uri: uri })}`),
      )
      assert.equal(
        await errorOf(await register(proxy, { redirect_uris: [uri] })),
        '400 invalid_redirect_uri',
      )
    })
  }

  const listening = LOOPBACK_CLIENTS.map(({ redirectUri }) => redirectUri.replace('*', '4711'))
  for (const uri of new Set([...KNOWN_REDIRECT_URIS, ...listening])) {
    it(`lets ${uri} in`, async () => {
      const proxy = await start()

      const response = await proxy.fetch(`/gh/authorize?${authorizeQuery({ redirect_uri: uri })}`)

      assert.equal(response.status, 307)
      assert.equal((await register(proxy, { redirect_uris: [uri] })).status, 201)
    })
  }

  it('takes what is configured, for all servers and for one, a * for port or last segment', async () => {
    const proxy = await startProxy({
      servers: [
        oauthServer('gh', {}, { allowedRedirectUris: ['https://own.test/cb?tenant=1&flag'] }),
        oauthServer('jira'),
      ],
      config: { allowedRedirectUris: ['https://all.test/cb/*', 'https://all.test:*/cb'] },
    })
    const ask = async (server: string, redirect_uri: string) =>
      (await proxy.fetch(`/${server}/authorize?${authorizeQuery({ redirect_uri })}`)).status

    assert.equal(await ask('gh', 'https://own.test/cb?tenant=1&flag'), 307)
    assert.equal(await ask('jira', 'https://own.test/cb?tenant=1&flag'), 400)
    assert.equal(await ask('jira', 'https://all.test/cb/one'), 307)
    assert.equal(await ask('jira', 'https://all.test:8443/cb'), 307)
    for (const uri of [
      'https://all.test/cb/',
      'https://all.test/cb/a/b',
      'https://all.test:a/cb',
      'https://all.test:8443@evil.test/cb',
      'https://all.test/cb/a?b',
    ]) {
      assert.equal(await ask('jira', uri), 400, uri)
    }
  })
})

describe('authorize, before client and redirect URI are checked', () => {
  const pages: readonly (readonly [what: string, query: string])[] = [
    ['no client_id', authorizeQuery({ client_id: undefined })],
    ['an empty client_id', authorizeQuery({ client_id: '' })],
    ['a long client_id', authorizeQuery({ client_id: 'x'.repeat(3000) })],
    ['a client_id with control characters', authorizeQuery({ client_id: 'x\u0000' })],
    ['no redirect_uri', authorizeQuery({ redirect_uri: undefined })],
    ['two redirect_uris', `${authorizeQuery()}&redirect_uri=${encodeURIComponent(LOOPBACK)}`],
    ['two client_ids', `${authorizeQuery()}&client_id=other`],
    [
      'a bad redirect_uri and a bad response_type',
      authorizeQuery({ redirect_uri: 'https://evil.test/', response_type: 'token' }),
    ],
    [
      'a bad redirect_uri and no challenge',
      authorizeQuery({ redirect_uri: 'https://evil.test/', code_challenge: undefined }),
    ],
  ]
  for (const [what, query] of pages) {
    it(`shows a page for ${what}`, async () => {
      const response = await (await start()).fetch(`/gh/authorize?${query}`)

      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.equal(response.headers.get('x-frame-options'), 'DENY')
      await assertErrorPage(response, /Request [\w-]+/)
    })
  }

  it('shows a page inside a frame', async () => {
    const headers = { 'sec-fetch-dest': 'iframe' }

    await assertErrorPage(
      await (await start()).fetch(`/gh/authorize?${authorizeQuery()}`, { headers }),
    )
  })

  it('gives 404 as JSON for an unknown server and 405 for another method', async () => {
    const proxy = await start()

    assert.equal((await proxy.fetch(`/nope/authorize?${authorizeQuery()}`)).status, 404)
    const posted = await proxy.fetch('/gh/authorize', { method: 'POST' })
    assert.equal(posted.status, 405)
    assert.equal(posted.headers.get('allow'), 'HEAD, GET')
  })
})

describe('authorize, after that', () => {
  const errors: readonly (readonly [error: string, what: string, query: string])[] = [
    ['invalid_request', 'no response_type', authorizeQuery({ response_type: undefined })],
    [
      'unsupported_response_type',
      'response_type=token',
      authorizeQuery({ response_type: 'token' }),
    ],
    ['invalid_request', 'no code_challenge', authorizeQuery({ code_challenge: undefined })],
    ['invalid_request', 'no method', authorizeQuery({ code_challenge_method: undefined })],
    ['invalid_request', 'method plain', authorizeQuery({ code_challenge_method: 'plain' })],
    ['invalid_request', 'method s256', authorizeQuery({ code_challenge_method: 's256' })],
    [
      'invalid_request',
      'a short challenge',
      authorizeQuery({ code_challenge: CHALLENGE.slice(1) }),
    ],
    ['invalid_request', 'a padded challenge', authorizeQuery({ code_challenge: `${CHALLENGE}=` })],
    ['invalid_request', 'two challenges', `${authorizeQuery()}&code_challenge=${CHALLENGE}`],
    ['invalid_request', 'a state of 3 KiB', authorizeQuery({ state: 's'.repeat(3072) })],
    [
      'invalid_target',
      'the resource of another server',
      authorizeQuery({ resource: `${ORIGIN}/jira/mcp` }),
    ],
    [
      'invalid_target',
      'a foreign resource',
      authorizeQuery({ resource: 'https://evil.test/gh/mcp' }),
    ],
    ['invalid_target', 'a resource that is no URL', authorizeQuery({ resource: 'gh' })],
  ]
  for (const [error, what, query] of errors) {
    it(`answers ${error} to the client for ${what}`, async () => {
      const response = await (await start()).fetch(`/gh/authorize?${query}`)

      assert.equal(response.status, 302)
      const { origin, pathname, searchParams } = locationOf(response)
      assert.equal(`${origin}${pathname}`, LOOPBACK)
      assert.equal(searchParams.get('error'), error)
      assert.equal(searchParams.get('iss'), `${ORIGIN}/gh`)
      assert.equal(searchParams.get('code'), null)
      assert.ok(searchParams.has('state'))
      assert.equal(cookiesOf(response), '')
    })
  }

  for (const resource of ['/gh/mcp', '/gh/mcp/', '/mcp/gh', '/gh'].map((path) => ORIGIN + path)) {
    it(`takes ${resource} for the server`, async () => {
      const response = await (await start()).fetch(`/gh/authorize?${authorizeQuery({ resource })}`)

      assert.equal(response.status, 307)
    })
  }

  it('drops scopes that the server does not know and parameters that nobody knows', async () => {
    const query = authorizeQuery({
      scope: ' read admin offline_access  openid',
      nonce: 'n',
      prompt: 'none',
      request_uri: 'https://evil.test',
    })

    const location = locationOf(await (await start()).fetch(`/gh/authorize?${query}`))

    assert.equal(location.searchParams.get('scope'), 'read')
    assert.equal(location.searchParams.get('nonce'), null)
    assert.equal(location.searchParams.get('request_uri'), null)
  })

  it('asks the provider with a challenge and a state of our own', async () => {
    const proxy = await start()
    const ask = async () =>
      locationOf(await proxy.fetch(`/gh/authorize?${authorizeQuery({ scope: undefined })}`))
        .searchParams
    const [first, second] = [await ask(), await ask()]

    assert.notEqual(first.get('code_challenge'), CHALLENGE)
    assert.notEqual(first.get('state'), second.get('state'))
    assert.match(first.get('state') ?? '', /^[\w-]{16,64}$/)
    assert.equal(first.get('scope'), 'read write')
    assert.equal(first.get('response_type'), 'code')
    assert.equal(first.get('code_challenge_method'), 'S256')
  })
})
