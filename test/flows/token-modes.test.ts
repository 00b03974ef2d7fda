import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startWithCode } from '../support/code.ts'
import { obtainCode, postForm, redeem } from '../support/flow.ts'
import { jsonOf } from '../support/json.ts'

describe('tokens: sealed', () => {
  it("shows nothing of the provider's tokens", async () => {
    const { proxy, code } = await startWithCode()

    const text = await (await redeem(proxy, code)).text()

    const decoded = text
      .split(/[."]/)
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    assert.doesNotMatch([text, ...decoded].join(), /provider-/)
  })

  it('lives as long as the provider says, an hour where it does not, and can then be renewed', async () => {
    const { proxy, provider, code } = await startWithCode()
    assert.equal((await jsonOf(await redeem(proxy, code)))['expires_in'], 600)

    provider.answer(() => Response.json({ access_token: 'for-ever', token_type: 'bearer' }))
    const body = await jsonOf(await redeem(proxy, (await obtainCode(proxy)).code))

    assert.equal(body['expires_in'], 3600)
    assert.equal(typeof body['refresh_token'], 'string')
  })

  it('comes without a refresh token where the session can not be renewed', async () => {
    const { proxy, provider, code } = await startWithCode()
    provider.answer(() =>
      Response.json({ access_token: 'short', expires_in: 60, refresh_token: null }),
    )

    assert.equal((await jsonOf(await redeem(proxy, code)))['refresh_token'], undefined)
  })
})

describe('tokens: passthrough', () => {
  it("hands the provider's answer on, and invents no expiry", async () => {
    const { proxy, provider, code } = await startWithCode({ tokens: 'passthrough' })
    provider.answer(() => Response.json({ access_token: 'theirs', scope: 'a', extra: 1 }))

    assert.deepEqual(await jsonOf(await redeem(proxy, code)), {
      token_type: 'Bearer',
      access_token: 'theirs',
      scope: 'a',
      extra: 1,
    })
  })

  it("passes the client's refresh token to the provider", async () => {
    const { proxy, provider } = await startWithCode({ tokens: 'passthrough' })

    const response = await postForm(proxy, '/gh/token', {
      grant_type: 'refresh_token',
      client_id: 'gh',
      refresh_token: 'theirs',
      scope: 'a',
    })

    assert.equal(response.status, 200)
    assert.equal(provider.calls[0]?.form['refresh_token'], 'theirs')
    assert.equal(provider.calls[0]?.form['client_secret'], 'configured-secret')
  })
})
