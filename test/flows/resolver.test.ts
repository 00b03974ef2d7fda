import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Config } from '../../src/config/config.ts'
import { authorizeQuery, locationOf, obtainCode } from '../support/flow.ts'
import { jsonOf } from '../support/json.ts'
import {
  ORIGIN,
  oauthServer,
  openServer,
  PROVIDER,
  startProxy,
  type TestProxy,
} from '../support/proxy.ts'

function named(name: string, server: Parameters<typeof oauthServer>[2] = {}) {
  return oauthServer(
    name,
    {
      provider: {
        ...PROVIDER,
        key: name,
        client: { ...PROVIDER.client, clientId: `id-of-${name}` },
      },
    },
    server,
  )
}

function start(root: Config['root'] = { kind: 'auto' }): Promise<TestProxy> {
  return startProxy({
    servers: [
      named('gh', { alias: 'git' }),
      named('jira', { host: 'jira.example.com' }),
      openServer('open'),
    ],
    config: { root, allowedHosts: ['localhost', 'jira.example.com'] },
  })
}

/** The server that an authorization request is taken for, or the status it gets. */
async function meant(
  proxy: TestProxy,
  path: string,
  query: Record<string, string> = {},
): Promise<string> {
  const response = await proxy.fetch(`${path}?${authorizeQuery({ client_id: 'any', ...query })}`)
  if (response.status !== 307) return String(response.status)
  return locationOf(response).searchParams.get('client_id') ?? ''
}

describe('the server that a request means', () => {
  const cases: readonly (readonly [string, string, Record<string, string>?])[] = [
    ['id-of-gh', '/gh/authorize'],
    ['id-of-gh', '/git/authorize'],
    ['id-of-gh', '/mcp/gh/authorize'],
    ['id-of-gh', '/gh/mcp/authorize'],
    ['404', '/GH/authorize'],
    ['404', '/nope/authorize'],
    ['404', '/constructor/authorize'],
    ['404', '/open/authorize'],
    ['404', '/authorize'],
    ['id-of-gh', '/authorize', { resource: `${ORIGIN}/gh/mcp` }],
    ['id-of-gh', '/authorize', { resource: `${ORIGIN}/mcp/gh` }],
    ['id-of-gh', '/authorize', { resource: `HTTP://LOCALHOST:4000/gh/mcp/` }],
    ['404', '/authorize', { resource: `${ORIGIN}/nope/mcp` }],
    ['404', '/authorize', { resource: `${ORIGIN}/nope/mcp`, client_id: 'gh' }],
    ['id-of-gh', '/authorize', { resource: `${ORIGIN}/gh/mcp`, client_id: 'jira' }],
    ['id-of-gh', '/authorize', { client_id: 'gh' }],
    ['id-of-gh', '/authorize', { client_id: 'git' }],
    ['id-of-jira', 'http://jira.example.com/authorize'],
    ['id-of-jira', 'http://jira.example.com/authorize', { client_id: 'gh' }],
    ['id-of-gh', 'http://jira.example.com/gh/authorize'],
  ]
  for (const [expected, path, query] of cases) {
    it(`is ${expected} for ${path} ${JSON.stringify(query ?? {})}`, async () => {
      assert.equal(await meant(await start(), path, query), expected)
    })
  }

  it('is the one that root names', async () => {
    const proxy = await start({ kind: 'server', name: 'jira' })

    assert.equal(await meant(proxy, '/authorize'), 'id-of-jira')
    assert.equal(await meant(proxy, '/authorize', { client_id: 'gh' }), 'id-of-gh')
  })

  it('is none at a root that is off, not even one of a single server', async () => {
    const proxy = await startProxy({ servers: [named('gh')], config: { root: { kind: 'off' } } })

    for (const path of [
      '/authorize',
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-protected-resource',
      '/mcp',
    ]) {
      assert.equal((await proxy.fetch(path)).status, 404, path)
    }
    assert.equal(await meant(proxy, '/gh/authorize'), 'id-of-gh')
  })

  it('is what the code says, at a root with several', async () => {
    const proxy = await start()
    const { code } = await obtainCode(proxy, { path: '/gh/authorize' })
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: 'other', code })

    const response = await proxy.fetch('/token', { method: 'POST', body })

    assert.equal((await jsonOf(response))['error'], 'invalid_grant')
    body.set('code', 'garbage')
    assert.equal((await proxy.fetch('/token', { method: 'POST', body })).status, 404)
  })
})

describe('the documents', () => {
  const shapes = ['', '/gh', '/mcp/gh', '/gh/mcp']
  for (const issuer of shapes) {
    it(`name issuer B${issuer} at every address made from it, and the answer's iss is that`, async () => {
      const proxy = await startProxy({ servers: [named('gh')] })
      for (const path of [
        `/.well-known/oauth-authorization-server${issuer}`,
        `/.well-known/openid-configuration${issuer}`,
        `${issuer}/.well-known/openid-configuration`,
        `${issuer}/.well-known/oauth-authorization-server`,
      ]) {
        const document = await jsonOf(await proxy.fetch(path))
        assert.equal(document['issuer'], `${ORIGIN}${issuer}`, path)
        assert.equal('jwks_uri' in document, path.includes('openid'))
        assert.ok(!Object.values(document).includes(null))
        const { answer } = await obtainCode(proxy, {
          path: String(document['authorization_endpoint']),
        })
        assert.equal(answer.searchParams.get('iss'), document['issuer'])
      }
    })
  }

  it('name the root endpoints at a root with several servers', async () => {
    const proxy = await start()
    const document = await jsonOf(await proxy.fetch('/.well-known/oauth-authorization-server'))

    assert.equal(document['authorization_endpoint'], `${ORIGIN}/authorize`)
    assert.equal(document['token_endpoint'], `${ORIGIN}/token`)
    const { answer } = await obtainCode(proxy, {
      path: '/authorize',
      query: { resource: `${ORIGIN}/gh/mcp` },
    })
    assert.equal(answer.searchParams.get('iss'), ORIGIN)
  })

  it('are 404 for a server without OAuth and for an unknown one, with no trace of its name', async () => {
    const proxy = await start()
    for (const name of ['open', 'nope', 'toString']) {
      for (const path of [
        `/.well-known/oauth-protected-resource/${name}/mcp`,
        `/.well-known/oauth-authorization-server/${name}`,
        `/${name}/.well-known/openid-configuration`,
      ]) {
        const response = await proxy.fetch(path)
        assert.equal(response.status, 404)
        assert.ok(!(await response.text()).includes(name))
      }
    }
  })

  it('answer HEAD and preflights, and have no empty members', async () => {
    const proxy = await startProxy({
      servers: [oauthServer('gh', { provider: { ...PROVIDER, scopes: [] } })],
    })
    const path = '/.well-known/oauth-protected-resource/gh/mcp'

    assert.equal((await proxy.fetch(path, { method: 'HEAD' })).status, 200)
    assert.equal((await proxy.fetch(path, { method: 'OPTIONS' })).status, 204)
    assert.deepEqual(await jsonOf(await proxy.fetch(path)), {
      resource: `${ORIGIN}/gh/mcp`,
      authorization_servers: [`${ORIGIN}/gh`],
      bearer_methods_supported: ['header'],
    })
    assert.equal((await proxy.fetch('/nothing/here')).status, 404)
    assert.match((await proxy.fetch('/nothing/here')).headers.get('content-type') ?? '', /json/)
  })
})
