import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeProvider } from '../support/fake-provider.ts'
import { authorizeQuery, locationOf, obtainCode, redeem } from '../support/flow.ts'
import { ORIGIN, oauthServer, openServer, startProxy } from '../support/proxy.ts'

describe('the root', () => {
  it('root authorize with client_id=dummy_client resolves the single OAuth2 server', async () => {
    const proxy = await startProxy({ servers: [openServer('open'), oauthServer('gh')] })

    const response = await proxy.fetch(
      `/authorize?${authorizeQuery({ client_id: 'dummy_client' })}`,
    )

    assert.equal(response.status, 307)
    const location = locationOf(response)
    assert.equal(location.origin, 'https://id.example.com')
    assert.equal(location.searchParams.get('client_id'), 'configured-id')
    assert.equal(location.searchParams.get('tenant'), 'acme')
    assert.equal(location.searchParams.get('redirect_uri'), `${ORIGIN}/gh/callback`)
    assert.equal(location.href.split('?').length, 2)
  })

  it('root authorize fails with several OAuth2 servers', async () => {
    const proxy = await startProxy({ servers: [oauthServer('gh'), oauthServer('jira')] })

    const response = await proxy.fetch(
      `/authorize?${authorizeQuery({ client_id: 'dummy_client' })}`,
    )

    assert.equal(response.status, 404)
    assert.equal(JSON.parse(await response.text()).detail, 'MCP server not found')
  })

  it('root token resolves the single OAuth2 server', async () => {
    const provider = createFakeProvider()
    const proxy = await startProxy({ servers: [oauthServer('gh')], fetch: provider.fetch })
    const { code } = await obtainCode(proxy, {
      path: '/authorize',
      query: { client_id: 'dummy_client' },
    })

    const response = await redeem(proxy, code, { client_id: 'dummy_client' }, '/token')

    assert.equal(response.status, 200)
    const [call] = provider.calls
    assert.equal(call?.url, 'https://id.example.com/token')
    assert.equal(call.form['client_id'], 'configured-id')
    assert.equal(call.form['client_secret'], 'configured-secret')
    assert.equal(call.form['code'], 'provider-code')
    assert.equal(call.form['redirect_uri'], `${ORIGIN}/gh/callback`)
  })

  it('root register resolves the single OAuth2 server', async () => {
    const proxy = await startProxy({ servers: [oauthServer('gh')] })

    const response = await proxy.fetch('/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'x', redirect_uris: ['http://127.0.0.1:1/cb'] }),
    })

    assert.equal(response.status, 201)
    const body = JSON.parse(await response.text())
    assert.equal(body.client_id, 'gh')
    assert.deepEqual(body.redirect_uris, ['http://127.0.0.1:1/cb'])
    assert.equal(body.token_endpoint_auth_method, 'none')
  })

  it("root discovery carries the server's prefix in all endpoints", async () => {
    const proxy = await startProxy({ servers: [oauthServer('gh')] })

    const response = await proxy.fetch('/.well-known/oauth-authorization-server')

    const body = JSON.parse(await response.text())
    assert.equal(body.issuer, ORIGIN)
    for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint']) {
      assert.ok(body[name].startsWith(`${ORIGIN}/gh/`), `${name} is ${body[name]}`)
    }
    assert.deepEqual(body.scopes_supported, ['read', 'write'])
  })
})
