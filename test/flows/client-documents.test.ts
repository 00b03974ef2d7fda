import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import {
  authorize,
  CALLBACK,
  CIMD,
  DOCUMENT,
  documentOf,
  startWithInternet,
} from '../support/clients.ts'
import { createFakeProvider } from '../support/fake-provider.ts'
import { obtainCode, postForm, redeem } from '../support/flow.ts'
import { assertErrorPage, errorOf, jsonOf } from '../support/json.ts'
import { ORIGIN, oauthServer, startProxy } from '../support/proxy.ts'

describe('a client metadata document', () => {
  it('names the app and its host on the consent page, asked for whatever the configuration', async () => {
    const { proxy } = await startWithInternet({ documents: { [CIMD]: documentOf(DOCUMENT) } })

    const response = await authorize(proxy, { client_id: CIMD, redirect_uri: CALLBACK })

    assert.equal(response.status, 200)
    const html = await response.text()
    assert.match(html, /The App, published at app\.example/)
    assert.match(html, /Nobody here knows the address/)
  })

  it('lets any port of a portless localhost in, and the code be redeemed', async () => {
    const { proxy } = await startWithInternet({ documents: { [CIMD]: documentOf(DOCUMENT) } })
    const redirect_uri = 'http://localhost:50123/cb'
    const { code } = await obtainCode(proxy, { query: { client_id: CIMD, redirect_uri } })

    const response = await redeem(proxy, code, { client_id: CIMD, redirect_uri })

    assert.equal(response.status, 200)
  })

  it('warns where all its addresses are on this computer', async () => {
    const redirect_uris = ['http://localhost/cb']
    const { proxy } = await startWithInternet({
      documents: { [CIMD]: documentOf({ ...DOCUMENT, redirect_uris }) },
      config: { consent: 'always' },
    })

    const response = await authorize(proxy, {
      client_id: CIMD,
      redirect_uri: 'http://localhost:1/cb',
    })

    assert.match(await response.text(), /any program can pose as it/)
  })

  for (const [what, document] of [
    ['is unreachable', undefined],
    ['is not JSON', documentOf('<html>')],
    ['is an array', documentOf([])],
    ['names another client_id', documentOf({ ...DOCUMENT, client_id: `${CIMD}/` })],
    ['has no redirect URI', documentOf({ ...DOCUMENT, redirect_uris: [] })],
    ['holds a secret', documentOf({ ...DOCUMENT, client_secret: 'x' })],
    [
      'wants a shared secret',
      documentOf({ ...DOCUMENT, token_endpoint_auth_method: 'client_secret_basic' }),
    ],
  ] as const) {
    it(`that ${what} gets the one page that tells nothing`, async () => {
      const documents = document === undefined ? {} : { [CIMD]: document }
      const { proxy } = await startWithInternet({ documents })

      const response = await authorize(proxy, { client_id: CIMD, redirect_uri: CALLBACK })

      await assertErrorPage(response, /metadata document can not be used/)
    })
  }

  it('with another redirect URI than its own is a page', async () => {
    const { proxy } = await startWithInternet({ documents: { [CIMD]: documentOf(DOCUMENT) } })

    await assertErrorPage(
      await authorize(proxy, { client_id: CIMD, redirect_uri: 'https://evil.example/cb' }),
      /not one that this client registered/,
    )
  })

  it('is fetched once within its age, and never asked for by a name that hides another', async () => {
    const { proxy, asked } = await startWithInternet({
      documents: { [CIMD]: documentOf(DOCUMENT, 3600) },
    })
    const ask = () => authorize(proxy, { client_id: CIMD, redirect_uri: CALLBACK })
    await Promise.all([ask(), ask(), ask()])
    proxy.wait(3599)
    await ask()
    assert.equal(asked.length, 1)
    proxy.wait(2)
    await ask()
    assert.equal(asked.length, 2)

    for (const client_id of [
      'http://app.example/client.json',
      'https://127.0.0.1/client.json',
      'https://[::1]/client.json',
      'https://localhost/client.json',
      'https://0x7f.1/client.json',
      'https://app.example',
      'https://app.example/',
      'https://a@app.example/client.json',
      'https://app.example/../client.json',
      'https://app.example/client.json#x',
      'https://APP.example/client.json',
      'https://app.example:443/client.json',
    ]) {
      await assertErrorPage(await authorize(proxy, { client_id, redirect_uri: CALLBACK }))
    }
    assert.ok(asked.every((url) => url === CIMD || url === 'https://app.example/'))
  })

  it('is one of two at most that a host is asked for at a time', async () => {
    let open = 0
    let most = 0
    const release: (() => void)[] = []
    const proxy = await startProxy({
      servers: [oauthServer('gh')],
      fetchGuarded: async () => {
        open += 1
        most = Math.max(most, open)
        await new Promise<void>((resolve) => release.push(resolve))
        open -= 1
        return { kind: 'failed', cause: 'slow' }
      },
    })
    const asking = Array.from({ length: 100 }, (_, at) =>
      authorize(proxy, { client_id: `https://app.example/${at}.json`, redirect_uri: CALLBACK }),
    )
    await Promise.all(asking.slice(10))
    for (const free of release) free()

    for (const response of await Promise.all(asking)) await assertErrorPage(response)
    assert.equal(most, 2)
  })
})

describe('private_key_jwt', () => {
  async function startWithKey() {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }
    const { proxy, asked } = await startWithInternet({
      documents: {
        [CIMD]: documentOf({
          ...DOCUMENT,
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri: 'https://app.example/keys.json',
        }),
        'https://app.example/keys.json': documentOf({ keys: [jwk] }),
      },
    })
    const redirect_uri = 'http://localhost:1/cb'
    const assertion = (claims: Record<string, unknown> = {}) =>
      new SignJWT({ iss: CIMD, sub: CIMD, aud: `${ORIGIN}/gh`, jti: 'j1', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(privateKey)
    const exchange = async (client_assertion: string | undefined) => {
      const { code } = await obtainCode(proxy, { query: { client_id: CIMD, redirect_uri } })
      return redeem(proxy, code, {
        client_id: CIMD,
        redirect_uri,
        client_assertion,
        client_assertion_type:
          client_assertion && 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })
    }
    return { proxy, asked, assertion, exchange }
  }

  it('is enforced where the document declares it, and good once', async () => {
    const { assertion, exchange } = await startWithKey()
    const signed = await assertion()

    assert.equal(await errorOf(await exchange(undefined)), '401 invalid_client')
    assert.equal((await exchange(signed)).status, 200)
    assert.equal(await errorOf(await exchange(signed)), '401 invalid_client')
  })

  for (const [what, claims] of [
    ['for another server', { aud: `${ORIGIN}/jira` }],
    ['of another client', { iss: 'https://other.example/x' }],
    ['without an id', { jti: undefined }],
  ] as const) {
    it(`refuses an assertion ${what}`, async () => {
      const { assertion, exchange } = await startWithKey()

      assert.equal(await errorOf(await exchange(await assertion(claims))), '401 invalid_client')
    })
  }
})

describe('a document that can not be had any more', () => {
  it('counts as it was while its host is down, so that nobody is signed out', async () => {
    let isDown = false
    const provider = createFakeProvider()
    const proxy = await startProxy({
      servers: [oauthServer('gh')],
      fetch: provider.fetch,
      fetchGuarded: async () =>
        isDown ? { kind: 'failed', cause: 'unreachable' } : documentOf(DOCUMENT),
    })
    const query = { client_id: CIMD, redirect_uri: 'http://localhost:1/cb' }
    const { code } = await obtainCode(proxy, { query })
    const tokens = await jsonOf(await redeem(proxy, code, query))
    isDown = true
    proxy.wait(3600)

    const refreshed = await postForm(proxy, '/gh/token', {
      grant_type: 'refresh_token',
      client_id: CIMD,
      refresh_token: String(tokens['refresh_token']),
    })

    assert.equal(refreshed.status, 200, await refreshed.text())
  })

  it('is none as an HTML page', async () => {
    const html = documentOf(DOCUMENT)
    const headers = new Headers({ 'content-type': 'text/html' })
    const page = html.kind === 'answered' ? { ...html, headers } : html
    const { proxy } = await startWithInternet({ documents: { [CIMD]: page } })

    await assertErrorPage(await authorize(proxy, { client_id: CIMD, redirect_uri: CALLBACK }))
  })
})

describe('a client with keys that are none', () => {
  for (const keys of [{ jwks: { keys: [{}] } }, { jwks_uri: 'nonsense' }]) {
    it(`is refused: ${JSON.stringify(keys)}`, async () => {
      const document = { ...DOCUMENT, token_endpoint_auth_method: 'private_key_jwt', ...keys }
      const { proxy } = await startWithInternet({ documents: { [CIMD]: documentOf(document) } })
      const response = await postForm(proxy, '/gh/token', {
        grant_type: 'refresh_token',
        client_id: CIMD,
        client_assertion: 'a.b.c',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })

      assert.equal(response.status, 401)
    })
  }
})
