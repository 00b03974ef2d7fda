import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { authorize, register, startWithInternet } from '../support/clients.ts'
import { locationOf, obtainCode, postForm, redeem } from '../support/flow.ts'
import { assertErrorPage, errorOf, jsonOf, textOf } from '../support/json.ts'

describe('registration: open', () => {
  const URI = 'https://stranger.example/cb'

  it('gives a client id that carries its addresses, and always asks the user', async () => {
    const { proxy } = await startWithInternet({ config: { registration: 'open' } })
    const metadata = { client_name: 'Stranger‮', redirect_uris: [URI, 'http://evil.example/cb'] }
    const response = await register(proxy, metadata)
    const body = await jsonOf(response.clone())
    assert.equal(response.status, 201)
    assert.deepEqual(body['redirect_uris'], [URI])
    const client_id = await textOf(response, 'client_id')
    assert.ok(client_id.length <= 2048)

    const page = await authorize(proxy, { client_id, redirect_uri: URI })

    assert.equal(page.status, 200)
    assert.match(await page.text(), /calls itself “Stranger”/)
    await assertErrorPage(
      await authorize(proxy, { client_id, redirect_uri: 'https://other.example/cb' }),
    )
  })

  it('still gives the shared client where all addresses are known', async () => {
    const { proxy } = await startWithInternet({ config: { registration: 'open' } })

    const response = await register(proxy, { redirect_uris: ['http://localhost:1/cb'] })

    assert.equal(await textOf(response, 'client_id'), 'gh')
  })

  it('ends after 90 days, with what makes clients register again', async () => {
    const { proxy } = await startWithInternet({ config: { registration: 'open' } })
    const client_id = await textOf(await register(proxy, { redirect_uris: [URI] }), 'client_id')
    proxy.wait(91 * 24 * 3600)

    await assertErrorPage(
      await authorize(proxy, { client_id, redirect_uri: URI }),
      /register again/,
    )
    assert.equal(
      await errorOf(
        await postForm(proxy, '/gh/token', {
          grant_type: 'refresh_token',
          client_id,
          refresh_token: 'x',
        }),
      ),
      '401 invalid_client',
    )
  })

  it('bounds the size of a client id and the number of registrations', async () => {
    const { proxy } = await startWithInternet({ config: { registration: 'open' } })
    const long = { redirect_uris: [1, 2, 3].map((at) => `${URI}/${at}${'x'.repeat(1000)}`) }

    assert.equal(await errorOf(await register(proxy, long)), '400 invalid_client_metadata')
    const answers = await Promise.all(
      Array.from({ length: 130 }, () => register(proxy, { redirect_uris: [URI] })),
    )
    const refused = answers.filter(({ status }) => status === 429)
    assert.ok(refused.length >= 10)
    assert.equal(refused[0]?.headers.get('retry-after'), '60')
  })
})

describe('a configured client', () => {
  const secretSha256 = createHash('sha256').update('the secret').digest('hex')
  const config = {
    clients: [
      { id: 'ci', name: 'The CI', redirectUris: ['https://ci.example/cb/*'], secretSha256 },
      { id: 'cli', redirectUris: ['https://cli.example/cb'] },
    ],
  }

  it('redeems its code with its secret only, by Basic or in the body', async () => {
    const { proxy } = await startWithInternet({ config })
    const redirect_uri = 'https://ci.example/cb/7'
    const query = { client_id: 'ci', redirect_uri }
    const exchange = async (
      changes: Record<string, string>,
      headers: Record<string, string> = {},
    ) => {
      const { code } = await obtainCode(proxy, { query })
      return redeem(proxy, code, { ...query, ...changes }, '/gh/token', headers)
    }

    assert.equal((await exchange({ client_secret: 'the secret' })).status, 200)
    const basic = `Basic ${btoa('ci:the secret')}`
    assert.equal((await exchange({}, { authorization: basic })).status, 200)
    assert.equal(await errorOf(await exchange({})), '401 invalid_client')
    const wrong = await exchange({}, { authorization: `Basic ${btoa('ci:wrong')}` })
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic /)
    assert.equal(await errorOf(wrong), '401 invalid_client')
  })

  it('goes to its own addresses only', async () => {
    const { proxy } = await startWithInternet({ config })

    const good = await authorize(proxy, {
      client_id: 'cli',
      redirect_uri: 'https://cli.example/cb',
    })
    assert.equal(locationOf(good).origin, 'https://id.example.com')
    await assertErrorPage(
      await authorize(proxy, { client_id: 'cli', redirect_uri: 'http://localhost:1/cb' }),
    )
  })
})

describe('a private-use scheme', () => {
  it('is handed its code by a page with a link', async () => {
    const { proxy } = await startWithInternet({})
    const redirect_uri = 'cursor://anysphere.cursor-mcp/oauth/callback'
    const started = await authorize(proxy, { redirect_uri })
    const provider = locationOf(started)
    const callback = new URL(provider.searchParams.get('redirect_uri') ?? '')
    callback.search = new URLSearchParams({
      code: 'c',
      state: provider.searchParams.get('state') ?? '',
    }).toString()
    const cookie = started.headers.getSetCookie()[0]?.split(';')[0] ?? ''

    const response = await proxy.fetch(callback.href, { headers: { cookie } })

    assert.equal(response.status, 200)
    assert.match(
      await response.text(),
      /<a class="go" href="cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/,
    )
  })
})
