import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeProvider } from '../support/fake-provider.ts'
import { authorizeQuery, LOOPBACK, obtainCode, redeem } from '../support/flow.ts'
import { errorOf, jsonOf, textOf } from '../support/json.ts'
import { ORIGIN, oauthServer, openServer, startProxy, type TestProxy } from '../support/proxy.ts'

const ODD = 'https://odd.example/cb'
const GH = { resource: `${ORIGIN}/gh/mcp` }

async function start(config: Parameters<typeof startProxy>[0]['config'] = {}) {
  const provider = createFakeProvider()
  const proxy = await startProxy({
    servers: [oauthServer('gh'), oauthServer('jira', {}, { allowedRedirectUris: [ODD] })],
    fetch: provider.fetch,
    config,
  })
  return proxy
}

function register(proxy: TestProxy, metadata: Readonly<Record<string, unknown>>, path = '') {
  const body = JSON.stringify({ redirect_uris: [LOOPBACK], ...metadata })
  return proxy.fetch(`${path}/register`, { method: 'POST', body })
}

describe('a registration at a root that several servers share', () => {
  it('is at the address that the root document names, and good at each of them', async () => {
    const proxy = await start()
    const document = await jsonOf(await proxy.fetch('/.well-known/oauth-authorization-server'))
    assert.equal(document['registration_endpoint'], `${ORIGIN}/register`)

    const registered = await register(proxy, {})
    assert.equal(registered.status, 201)
    const client_id = await textOf(registered, 'client_id')
    for (const name of ['gh', 'jira']) {
      const query = { client_id, resource: `${ORIGIN}/${name}/mcp` }
      const { code } = await obtainCode(proxy, { path: '/authorize', query })
      const redeemed = await redeem(proxy, code, { client_id }, '/token')
      assert.equal(redeemed.status, 200, name)
    }
  })

  it('names no server by its id, so that nobody is sent to one he did not mean', async () => {
    const proxy = await start()
    const client_id = await textOf(await register(proxy, {}), 'client_id')

    assert.equal((await proxy.fetch(`/authorize?${authorizeQuery({ client_id })}`)).status, 404)
  })

  it('gives a secret that works at each of them', async () => {
    const proxy = await start()
    const metadata = { token_endpoint_auth_method: 'client_secret_post' }
    const registered = await jsonOf(await register(proxy, metadata))
    const [client_id, client_secret] = [registered['client_id'], registered['client_secret']].map(
      String,
    )
    const { code } = await obtainCode(proxy, { path: '/authorize', query: { client_id, ...GH } })

    const wrong = await redeem(proxy, code, { client_id, client_secret: 'wrong' }, '/token')
    const right = await redeem(proxy, code, { client_id, client_secret }, '/token')

    assert.equal(await errorOf(wrong), '401 invalid_client')
    assert.equal(right.status, 200)
  })

  it('takes an address that one of them allows, which the others still refuse', async () => {
    const proxy = await start()
    const registered = await register(proxy, { redirect_uris: [ODD] })
    assert.equal(registered.status, 201)
    const client_id = await textOf(registered, 'client_id')
    const ask = async (name: string) => {
      const query = { client_id, redirect_uri: ODD, resource: `${ORIGIN}/${name}/mcp` }
      return (await proxy.fetch(`/authorize?${authorizeQuery(query)}`)).status
    }

    assert.equal(await ask('jira'), 307)
    assert.equal(await ask('gh'), 400)
  })

  it('refuses an address that none of them knows', async () => {
    const registered = await register(await start(), { redirect_uris: ['https://evil.test/cb'] })

    assert.equal(await errorOf(registered), '400 invalid_redirect_uri')
  })

  it('seals such an address where registration is open, good at each of them', async () => {
    const proxy = await start({ registration: 'open' })
    const redirect_uri = 'https://new.example/cb'
    const metadata = { redirect_uris: [redirect_uri] }
    const atRoot = await textOf(await register(proxy, metadata), 'client_id')
    const atJira = await textOf(await register(proxy, metadata, '/jira'), 'client_id')
    const ask = async (client_id: string) => {
      const query = authorizeQuery({ client_id, redirect_uri, ...GH })
      const response = await proxy.fetch(`/authorize?${query}`)
      return `${response.status} ${/<h1>[^<]*/.exec(await response.text())?.[0] ?? ''}`
    }

    assert.match(await ask(atRoot), /^200/)
    assert.match(await ask(atJira), /^400/)
  })

  it('is none where the root is off, has no sign-in or the path names nobody', async () => {
    const none = await startProxy({ servers: [openServer('a'), openServer('b')] })

    assert.equal((await register(await start({ root: { kind: 'off' } }), {})).status, 404)
    assert.equal((await register(none, {})).status, 404)
    assert.equal((await register(await start(), {}, '/nope')).status, 404)
  })
})
