import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorizeQuery, cookiesOf, locationOf, obtainCode, postForm } from '../support/flow.ts'
import { startGateway, upstreamAnswer } from '../support/gateway.ts'
import { jsonOf, textOf } from '../support/json.ts'
import { ORIGIN, oauthServer, openServer, startProxy } from '../support/proxy.ts'

describe('an authorization request', () => {
  it('may have a state of 2 KiB, also by way of the consent page', async () => {
    const state = 's'.repeat(2048)
    const proxy = await startProxy({
      servers: [oauthServer('gh')],
      config: { consent: 'always' },
    })
    const page = await proxy.fetch(`/gh/authorize?${authorizeQuery({ state })}`)
    const [, ticket = ''] = /name="ticket" value="([^"]+)"/.exec(await page.text()) ?? []
    const approved = await postForm(
      proxy,
      '/gh/consent',
      { ticket, decision: 'approve' },
      { cookie: cookiesOf(page) },
    )
    const callback = `/gh/callback?code=c&state=${locationOf(approved).searchParams.get('state')}`
    const answered = await proxy.fetch(callback, { headers: { cookie: cookiesOf(approved) } })

    assert.equal(locationOf(answered).searchParams.get('state'), state)
    assert.ok(locationOf(answered).searchParams.has('code'))
  })

  it('keeps the cookies of abandoned ones within what servers accept', async () => {
    const proxy = await startProxy({ servers: [oauthServer('gh')] })
    const jar = new Map<string, string>()
    const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    for (let time = 0; time < 12; time++) {
      const started = await proxy.fetch(
        `/gh/authorize?${authorizeQuery({ state: 's'.repeat(2048) })}`,
        {
          headers: { cookie: header() },
        },
      )
      for (const cookie of started.headers.getSetCookie()) keep(jar, cookie)
    }

    assert.ok(header().length < 12_288, String(header().length))
    assert.ok(jar.size > 0)
  })

  it('may name as resource the endpoint with a query', async () => {
    const proxy = await startProxy({ servers: [oauthServer('gh'), oauthServer('jira')] })
    const resource = `${ORIGIN}/gh/mcp?toolset=repos`

    const { code } = await obtainCode(proxy, { path: '/authorize', query: { resource } })

    assert.notEqual(code, '')
  })

  it('may come with a client id of five parts that is none of ours', async () => {
    const proxy = await startProxy({ servers: [oauthServer('gh')] })
    const query = authorizeQuery({ client_id: 'com.example.team.app.mcp' })

    assert.equal((await proxy.fetch(`/gh/authorize?${query}`)).status, 307)
  })
})

function keep(jar: Map<string, string>, cookie: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
  if (value === '') jar.delete(name)
  else jar.set(name, value)
}

describe('a registration with registration: open', () => {
  for (const [uri, status] of [
    ['https://app.example/cb', 201],
    ['com.example.app:/cb', 201],
    ['myapp://cb', 201],
    ['ftp://evil.test/cb', 400],
    ['ws://evil.test/cb', 400],
    ['tel:+1800', 400],
    ['mailto:a@b.test', 400],
    ['search-ms:query', 400],
    ['shell:startup', 400],
    ['chrome://settings', 400],
    ['x:y', 400],
  ] as const) {
    it(`of ${uri} is answered ${status}`, async () => {
      const proxy = await startProxy({
        servers: [oauthServer('gh')],
        config: { registration: 'open' },
      })
      const body = JSON.stringify({ redirect_uris: [uri] })

      assert.equal((await proxy.fetch('/gh/register', { method: 'POST', body })).status, status)
    })
  }
})

describe('a host of a server', () => {
  it('is another base than the public URL', async () => {
    const proxy = await startProxy({
      servers: [oauthServer('gh'), oauthServer('jira', {}, { host: 'jira.example.com' })],
      config: {
        publicUrl: 'https://mcp.example.com',
        allowedHosts: ['jira.example.com'],
        servers: [oauthServer('jira', {}, { host: 'jira.example.com' })],
      },
    })

    const challenged = await proxy.fetch('http://jira.example.com/mcp')
    const metadata = await proxy.fetch(
      'http://jira.example.com/.well-known/oauth-protected-resource/mcp',
    )

    assert.match(
      challenged.headers.get('www-authenticate') ?? '',
      /"https:\/\/jira\.example\.com\/\.well-known\/oauth-protected-resource\/mcp"/,
    )
    assert.equal(await textOf(metadata, 'resource'), 'https://jira.example.com/mcp')
    assert.equal((await proxy.fetch('http://mcp.example.com/gh/mcp')).status, 401)
  })
})

describe('the gateway', () => {
  it('asks for plain event streams, which it has to look into', async () => {
    const { proxy, token, arrived } = await startGateway()
    await proxy.fetch('/gh/mcp', {
      headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' },
    })

    assert.deepEqual(
      arrived[0]?.headers.find(([name]) => name === 'accept-encoding'),
      ['accept-encoding', 'identity'],
    )
  })

  it('sends one Authorization, whatever static_headers say', async () => {
    const { post, arrived } = await startGateway({
      servers: [oauthServer('gh', {}, { staticHeaders: [['Authorization', 'Basic abc']] })],
    })
    await post()

    const sent = arrived[0]?.headers.filter(([name]) => name.toLowerCase() === 'authorization')
    assert.deepEqual(sent, [['authorization', 'Bearer provider-access-1']])
  })

  for (const status of [150, 999]) {
    it(`answers an upstream's ${status} with 502`, async () => {
      const { post, answer } = await startGateway()
      answer(() => upstreamAnswer(status))

      assert.equal((await post()).status, 502)
    })
  }

  it('leaves out a header that is no byte string', async () => {
    const { post, answer } = await startGateway()
    answer(() => upstreamAnswer(200, [['mcp-note', '日本']], '{}'))
    const response = await post()

    assert.equal(response.status, 200)
    assert.equal(response.headers.get('mcp-note'), null)
  })

  it('lets 32 streams of a session be open, and another when one has ended', async () => {
    const { proxy, token, answer } = await startGateway()
    answer(() => ({
      status: 200,
      headers: [['content-type', 'text/event-stream']],
      body: new ReadableStream(),
    }))
    const listen = () => proxy.fetch('/gh/mcp', { headers: { authorization: `Bearer ${token}` } })
    const streams = await Promise.all(Array.from({ length: 32 }, listen))
    assert.ok(streams.every(({ status }) => status === 200))
    assert.equal((await listen()).status, 429)

    await streams[0]?.body?.cancel()

    assert.equal((await listen()).status, 200)
  })

  it('passes an unauthenticated server its query letter for letter', async () => {
    const { proxy, arrived } = await startGateway({
      servers: [oauthServer('gh'), openServer('open')],
    })
    await proxy.fetch('/open/mcp?a=1&b=/../', { method: 'GET' })

    assert.equal(arrived[0]?.url, 'https://open.upstream.example/mcp?a=1&b=/../')
    assert.ok(await jsonOf(await proxy.fetch('/.well-known/oauth-protected-resource/gh/mcp')))
  })
})
