import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CALLBACK, createDemoUser, ORIGIN } from './demo-user.ts'

const MINUTE = 60_000

describe('GET /authorize', () => {
  it('shows a form without script that no other page can frame', async () => {
    const { authorize } = createDemoUser()

    const response = await authorize()

    const page = await response.text()
    assert.equal(response.status, 200)
    assert.match(page, /<h1>Demo sign-in<\/h1>/)
    assert.match(page, /name="name" value="Ada"/)
    assert.doesNotMatch(page, /<script/)
    assert.match(response.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
  })

  const shown: [string, Record<string, string | undefined>][] = [
    ['another client', { client_id: 'demo-x' }],
    ['a missing client', { client_id: undefined }],
    ['a missing redirect_uri', { redirect_uri: undefined }],
    ['a relative redirect_uri', { redirect_uri: '/callback' }],
    ['a redirect_uri of another scheme', { redirect_uri: 'cursor://callback' }],
    ['a redirect_uri with script', { redirect_uri: 'javascript:alert(1)' }],
    ['a redirect_uri with markup', { redirect_uri: 'https://a.test/"><script>' }],
    ['a redirect_uri with a fragment', { redirect_uri: `${CALLBACK}#part` }],
  ]
  for (const [name, changes] of shown) {
    it(`shows an error for ${name}`, async () => {
      const { authorize } = createDemoUser()

      const response = await authorize(changes)

      assert.equal(response.status, 400)
      assert.equal(response.headers.get('location'), null)
      assert.doesNotMatch(await response.text(), /<script/)
    })
  }

  it('shows an error for a repeated redirect_uri', async () => {
    const { authorize } = createDemoUser()

    const response = await authorize({}, '&redirect_uri=https://evil.test/')

    assert.equal(response.status, 400)
  })

  const redirected: [string, Record<string, string | undefined>, string][] = [
    ['another response_type', { response_type: 'token' }, 'unsupported_response_type'],
    ['a missing response_type', { response_type: undefined }, 'invalid_request'],
    ['a missing challenge', { code_challenge: undefined }, 'invalid_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
  ]
  for (const [name, changes, error] of redirected) {
    it(`sends the client ${error} for ${name}`, async () => {
      const { authorize } = createDemoUser()

      const response = await authorize(changes)

      const location = new URL(response.headers.get('location') ?? '')
      assert.equal(response.status, 303)
      assert.equal(`${location.origin}${location.pathname}`, CALLBACK)
      assert.equal(location.searchParams.get('error'), error)
      assert.equal(location.searchParams.get('state'), 'state of "<client>"')
      assert.equal(location.searchParams.get('iss'), ORIGIN)
    })
  }
})

describe('POST /login', () => {
  it('sends the browser back with code, state and issuer', async () => {
    const { login } = createDemoUser()

    const response = await login()

    const location = new URL(response.headers.get('location') ?? '')
    assert.equal(response.status, 303)
    assert.equal(`${location.origin}${location.pathname}`, CALLBACK)
    assert.match(location.searchParams.get('code') ?? '', /^[\w-]{43}$/)
    assert.equal(location.searchParams.get('state'), 'state of "<client>"')
    assert.equal(location.searchParams.get('iss'), ORIGIN)
  })

  it('sends the browser back with access_denied after Cancel, whatever the name', async () => {
    const { login } = createDemoUser()

    const response = await login({ action: 'cancel', name: '' })

    const location = new URL(response.headers.get('location') ?? '')
    assert.equal(location.searchParams.get('error'), 'access_denied')
    assert.equal(location.searchParams.get('state'), 'state of "<client>"')
    assert.equal(location.searchParams.has('code'), false)
  })

  const refused = [
    { transaction: 'guess' },
    { action: 'other' },
    { name: '  ' },
    { name: 'a'.repeat(65) },
  ]
  for (const changes of refused) {
    it(`refuses ${JSON.stringify(changes)}`, async () => {
      const { login } = createDemoUser()

      assert.equal((await login(changes)).status, 400)
    })
  }

  it('refuses a second use of the same form', async () => {
    const { authorize, login } = createDemoUser()
    const transaction = /value="([\w-]{43})"/.exec(await (await authorize()).text())?.[1]
    await login({ transaction })

    assert.equal((await login({ transaction })).status, 400)
  })

  it('refuses a form older than ten minutes', async () => {
    const { authorize, clock, login } = createDemoUser()
    const transaction = /value="([\w-]{43})"/.exec(await (await authorize()).text())?.[1]
    clock.time += 10 * MINUTE

    assert.equal((await login({ transaction })).status, 400)
  })

  it('forgets the oldest of more than a thousand forms', async () => {
    const { authorize, login } = createDemoUser()
    const transaction = /value="([\w-]{43})"/.exec(await (await authorize()).text())?.[1]
    for (let count = 0; count < 1000; count += 1) await authorize()

    assert.equal((await login({ transaction })).status, 400)
  })
})
