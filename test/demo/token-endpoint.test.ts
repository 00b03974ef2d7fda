import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CALLBACK, createDemoUser, createMcpRequest, ORIGIN, parseTokens } from './demo-user.ts'

const MINUTE = 60_000

describe('POST /token', () => {
  it('gives tokens for a code, by client_secret_basic', async () => {
    const { fetchCode, redeem } = createDemoUser()

    const response = await redeem(await fetchCode())

    const { access_token, refresh_token, ...rest } = await response.json()
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, scope: 'demo' })
    assert.match(access_token, /^[\w-]{43}$/)
    assert.notEqual(access_token, refresh_token)
  })

  it('gives tokens for a code, by client_secret_post', async () => {
    const { demo, fetchCode, redeem } = createDemoUser()
    const credentials = { client_id: demo.clientId, client_secret: demo.clientSecret }

    assert.equal((await redeem(await fetchCode(), credentials, {})).status, 200)
  })

  const authorizations = [
    {},
    { Authorization: 'Bearer x' },
    { Authorization: 'Basic A' },
    { Authorization: 'Basic !' },
    { Authorization: `Basic ${btoa('no colon')}` },
    { Authorization: `Basic ${btoa('demo:wrong')}` },
  ]
  for (const headers of authorizations) {
    it(`refuses the client with ${JSON.stringify(headers)}`, async () => {
      const { fetchCode, redeem } = createDemoUser()

      const response = await redeem(await fetchCode(), {}, headers)

      assert.equal(response.status, 401)
      assert.equal((await response.json()).error, 'invalid_client')
      assert.match(response.headers.get('www-authenticate') ?? '', /^Basic /)
    })
  }

  it('refuses a wrong secret and a wrong client', async () => {
    const { demo, redeem } = createDemoUser()
    const { clientId: client_id, clientSecret: client_secret } = demo

    const wrongSecret = await redeem('code', { client_id, client_secret: `${client_secret}x` }, {})
    const wrongClient = await redeem('code', { client_id: 'demo', client_secret }, {})

    assert.equal((await wrongSecret.json()).error, 'invalid_client')
    assert.equal((await wrongClient.json()).error, 'invalid_client')
  })

  const refused: [Record<string, string | undefined>, string][] = [
    [{ code: 'guess' }, 'invalid_grant'],
    [{ redirect_uri: `${CALLBACK}/` }, 'invalid_grant'],
    [{ code_verifier: 'a'.repeat(43) }, 'invalid_grant'],
    [{ code_verifier: undefined }, 'invalid_request'],
    [{ code: undefined }, 'invalid_request'],
    [{ grant_type: undefined }, 'invalid_request'],
    [{ grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    [{ client_secret: 'twice' }, 'invalid_request'],
  ]
  for (const [changes, error] of refused) {
    it(`answers ${error} to ${JSON.stringify(changes)}`, async () => {
      const { fetchCode, redeem } = createDemoUser()

      const response = await redeem(await fetchCode(), changes)

      assert.equal(response.status, 400)
      assert.equal((await response.json()).error, error)
    })
  }

  it('takes a code once, even after a wrong guess', async () => {
    const { fetchCode, redeem } = createDemoUser()
    const used = await fetchCode()
    const guessed = await fetchCode()
    await redeem(used)
    await redeem(guessed, { code_verifier: 'a'.repeat(43) })

    assert.equal((await (await redeem(used)).json()).error, 'invalid_grant')
    assert.equal((await (await redeem(guessed)).json()).error, 'invalid_grant')
  })

  it('refuses a code older than a minute', async () => {
    const { clock, fetchCode, redeem } = createDemoUser()
    const code = await fetchCode()
    clock.time += MINUTE

    assert.equal((await (await redeem(code)).json()).error, 'invalid_grant')
  })

  it('rotates the refresh token and ends the old one', async () => {
    const { demo, fetchCode, fetchTokens, refresh } = createDemoUser()
    const first = await fetchTokens(await fetchCode())

    const second = await parseTokens(await refresh(first.refresh_token))

    const again = await refresh(first.refresh_token)
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    assert.notEqual(second.refresh_token, first.refresh_token)
    assert.equal((await demo.fetch(createMcpRequest(second.access_token, ping))).status, 200)
    assert.equal(again.status, 400)
    assert.equal((await again.json()).error, 'invalid_grant')
  })

  it('refuses a body that is not a form', async () => {
    const { demo } = createDemoUser()
    const headers = { 'Content-Type': 'application/json' }

    const response = await demo.fetch(
      new Request(`${ORIGIN}/token`, { method: 'POST', body: '{}', headers }),
    )

    assert.equal((await response.json()).error, 'invalid_request')
  })

  it('refuses a body over 64 KiB', async () => {
    const { redeem } = createDemoUser()

    assert.equal((await redeem('a'.repeat(65 * 1024))).status, 413)
  })
})
