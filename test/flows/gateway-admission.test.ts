import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { JSON_TYPE, startGateway } from '../support/gateway.ts'
import { textOf } from '../support/json.ts'
import { ORIGIN, oauthServer, openServer } from '../support/proxy.ts'

describe('the gate of the gateway', () => {
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
    it(`challenges ${method} without a token before anything else`, async () => {
      const { proxy, arrived } = await startGateway()

      const response = await proxy.fetch('/gh/mcp', {
        method,
        headers: { 'content-type': 'text/plain' },
      })

      assert.equal(response.status, 401)
      assert.equal(
        response.headers.get('www-authenticate'),
        `Bearer resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/gh/mcp", scope="read write"`,
      )
      assert.equal(arrived.length, 0)
    })
  }

  for (const authorization of [
    'Bearer garbage',
    'Bearer',
    'Bearer a b',
    'Basic eA==',
    'bearer x',
    'Bearer provider-access-1',
    'Token x',
  ]) {
    it(`answers invalid_token to ${authorization}`, async () => {
      const { proxy, arrived } = await startGateway()

      const response = await proxy.fetch('/gh/mcp', {
        method: 'POST',
        headers: { ...JSON_TYPE, authorization },
        body: '{}',
      })

      assert.equal(response.status, 401)
      assert.match(
        response.headers.get('www-authenticate') ?? '',
        /^Bearer error="invalid_token", resource_metadata=/,
      )
      assert.equal(arrived.length, 0)
    })
  }

  it('takes no token from the URL, and none of another server', async () => {
    const { proxy, token, post, arrived } = await startGateway()

    assert.equal((await proxy.fetch(`/gh/mcp?access_token=${token}`)).status, 401)
    assert.equal((await post({}, '/jira/mcp')).status, 401)
    assert.equal((await post({}, '/mcp/jira')).status, 401)
    assert.equal(arrived.length, 0)
  })

  it('names the metadata of the very address that was asked', async () => {
    const { proxy } = await startGateway({ servers: [oauthServer('gh'), openServer('open')] })
    for (const mount of ['/gh/mcp', '/mcp/gh', '/mcp', '/gh/mcp/']) {
      const challenge = (await proxy.fetch(mount)).headers.get('www-authenticate') ?? ''
      const [, url = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? []
      assert.equal(
        await textOf(await proxy.fetch(url), 'resource'),
        `${ORIGIN}${mount.replace(/\/$/, '')}`,
      )
    }
  })

  it('finds the server of a token at the root, and none without', async () => {
    const { proxy, post, arrived } = await startGateway()

    assert.equal((await post({}, '/mcp')).status, 200)
    assert.equal(arrived[0]?.url, 'https://gh.upstream.example/mcp')
    assert.equal((await proxy.fetch('/mcp')).status, 404)
  })

  it('checks method and type only then', async () => {
    const { proxy, token, post, arrived } = await startGateway()
    const authorization = `Bearer ${token}`
    const put = await proxy.fetch('/gh/mcp', { method: 'PUT', headers: { authorization } })

    assert.equal(put.status, 405)
    assert.equal(put.headers.get('allow'), 'GET, POST, DELETE, OPTIONS')
    assert.equal((await post({ 'content-type': 'text/plain' })).status, 415)
    assert.equal(arrived.length, 0)
  })

  it('answers preflights without a token, for any origin, without credentials', async () => {
    const { proxy } = await startGateway()
    const response = await proxy.fetch('/gh/mcp', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.test',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, mcp-param-x, x-forwarded-host, cookie',
      },
    })

    assert.equal(response.status, 204)
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
    const allowed = response.headers.get('access-control-allow-headers') ?? ''
    assert.match(allowed, /Authorization.*mcp-param-x/)
    assert.doesNotMatch(allowed, /forwarded|cookie/)
  })

  it('lets no foreign page use a server on this machine', async () => {
    const { post, arrived } = await startGateway()

    for (const origin of ['https://evil.test', 'null', 'http://localhost.evil.test']) {
      assert.equal((await post({ origin })).status, 403)
    }
    assert.equal(arrived.length, 0)
    for (const origin of ['http://localhost:6274', 'https://claude.ai', ORIGIN]) {
      assert.equal((await post({ origin })).status, 200)
    }
  })
})
