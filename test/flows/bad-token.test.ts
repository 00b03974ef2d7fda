import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { register } from '../support/clients.ts'
import { startWithCode } from '../support/code.ts'
import { createFakeProvider } from '../support/fake-provider.ts'
import { formOf, obtainCode, redeem } from '../support/flow.ts'
import { errorOf, jsonOf, textOf } from '../support/json.ts'
import { ORIGIN } from '../support/proxy.ts'

describe('a code', () => {
  const misuses: readonly (readonly [
    error: string,
    what: string,
    changes: Record<string, string | undefined>,
    path?: string,
  ])[] = [
    ['invalid_grant', 'another client', { client_id: 'dummy_client' }],
    ['invalid_grant', 'another redirect_uri', { redirect_uri: 'http://127.0.0.1:2222/cb' }],
    [
      'invalid_grant',
      'localhost in place of 127.0.0.1',
      { redirect_uri: 'http://localhost:33418/cb' },
    ],
    ['invalid_grant', 'another verifier', { code_verifier: 'w'.repeat(43) }],
    ['invalid_grant', 'a short verifier', { code_verifier: 'v'.repeat(42) }],
    ['invalid_grant', 'a long verifier', { code_verifier: 'v'.repeat(129) }],
    ['invalid_grant', 'a verifier of other characters', { code_verifier: `${'v'.repeat(43)}%` }],
    ['invalid_request', 'no verifier', { code_verifier: undefined }],
    ['invalid_target', 'another resource', { resource: `${ORIGIN}/jira/mcp` }],
    ['invalid_request', 'no client_id', { client_id: undefined }],
    ['invalid_request', 'no grant_type', { grant_type: undefined }],
    ['unsupported_grant_type', 'another grant_type', { grant_type: 'password' }],
    ['invalid_grant', 'another server', {}, '/jira/token'],
  ]
  for (const [error, what, changes, path] of misuses) {
    it(`is ${error} with ${what}, reaches no provider, and is still good`, async () => {
      const { proxy, provider, code } = await startWithCode()

      const refused = await redeem(proxy, code, changes, path)

      assert.equal(refused.headers.get('cache-control'), 'no-store')
      assert.equal(await errorOf(refused), `400 ${error}`)
      assert.equal(provider.calls.length, 0)
      assert.equal((await redeem(proxy, code)).status, 200)
    })
  }

  for (const [what, alter] of [
    ['altered', (code: string) => `${code.slice(0, -3)}AAA`],
    ['with a line break', (code: string) => `${code}\n`],
    ["the provider's own", () => 'provider-code'],
    ['empty JWE', () => '....'],
    ['long', () => 'A'.repeat(20_000)],
  ] as const) {
    it(`is invalid_grant when ${what}`, async () => {
      const { proxy, provider, code } = await startWithCode()

      assert.equal(await errorOf(await redeem(proxy, alter(code))), '400 invalid_grant')
      assert.equal(provider.calls.length, 0)
    })
  }

  it('is invalid_grant after 60 s', async () => {
    const { proxy, code } = await startWithCode()
    proxy.wait(61)

    assert.equal(await errorOf(await redeem(proxy, code)), '400 invalid_grant')
  })

  it('is redeemed once by twenty at a time', async () => {
    const { proxy, provider, code } = await startWithCode()

    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(proxy, code)))

    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    assert.equal(provider.calls.length, 1)
  })
})

const html = () => new Response('<html>Internal stack trace</html>', { status: 200 })

const FAULTS: readonly (readonly [
  expected: string,
  what: string,
  answer: () => Response | Promise<Response>,
  isCodeGood: boolean,
])[] = [
  [
    '400 invalid_grant',
    'invalid_grant',
    () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
    false,
  ],
  [
    '502 server_error',
    'invalid_client',
    () => Response.json({ error: 'invalid_client' }, { status: 401 }),
    false,
  ],
  ['502 server_error', 'a bare 400', () => new Response('no', { status: 400 }), false],
  [
    '502 server_error',
    'an error with 200',
    () => Response.json({ error: 'incorrect_client_credentials', error_description: 'canary' }),
    false,
  ],
  ['502 server_error', 'HTML', html, false],
  ['502 server_error', 'an array', () => Response.json([]), false],
  ['502 server_error', 'a text', () => Response.json('token'), false],
  ['502 server_error', 'nothing', () => new Response(null), false],
  ['502 server_error', 'no access_token', () => Response.json({ token_type: 'Bearer' }), false],
  [
    '502 server_error',
    'an access_token that is none',
    () => Response.json({ access_token: { a: 1 } }),
    false,
  ],
  [
    '502 server_error',
    'a redirect',
    () => new Response(null, { status: 302, headers: { location: 'https://evil.test' } }),
    false,
  ],
  ['502 server_error', 'a megabyte', () => new Response('x'.repeat(1 << 20)), false],
  ['503 temporarily_unavailable', '500', () => new Response('canary', { status: 500 }), true],
  ['503 temporarily_unavailable', '503', () => new Response('canary', { status: 503 }), true],
  ['503 temporarily_unavailable', '429', () => new Response('canary', { status: 429 }), true],
  ['503 temporarily_unavailable', 'a reset', () => Promise.reject(new Error('ECONNRESET')), true],
]

describe('a provider that answers', () => {
  for (const [expected, what, answer, isCodeGood] of FAULTS) {
    it(`${what} means ${expected}${isCodeGood ? ', and the code is still good' : ''}`, async () => {
      const { proxy, provider, code } = await startWithCode()
      const usual = createFakeProvider()
      provider.answer(answer)

      const response = await redeem(proxy, code)

      assert.equal(response.headers.get('retry-after'), isCodeGood ? '5' : null)
      const text = await response.clone().text()
      assert.doesNotMatch(text, /canary|stack|evil|configured-secret/)
      assert.equal(await errorOf(response), expected)
      assert.doesNotMatch(JSON.stringify(proxy.log), /canary|configured-secret|provider-code/)
      provider.answer(async (call) => usual.fetch(call.url, { method: 'POST' }))
      assert.equal((await redeem(proxy, code)).status, isCodeGood ? 200 : 400)
    })
  }
})

describe('the token endpoint', () => {
  const bodies: readonly (readonly [status: number, what: string, init: RequestInit])[] = [
    [400, 'JSON', { body: '{}', headers: { 'content-type': 'application/json' } }],
    [400, 'multipart', { body: new FormData() }],
    [400, 'plain text', { body: 'grant_type=x' }],
    [
      400,
      'two media types',
      {
        body: 'x=1',
        headers: { 'content-type': 'application/json, application/x-www-form-urlencoded' },
      },
    ],
    [400, 'no body', {}],
    [400, 'a repeated parameter', { body: new URLSearchParams('code=a&code=b&client_id=gh') }],
    [413, '64 KiB and one', { body: formOf({ code: 'x'.repeat(65_536) }) }],
  ]
  for (const [status, what, init] of bodies) {
    it(`refuses ${what}`, async () => {
      const { proxy } = await startWithCode()

      const response = await proxy.fetch('/gh/token', { method: 'POST', ...init })

      assert.equal(await errorOf(response), `${status} invalid_request`)
    })
  }

  it('refuses parameters in the URL, GET, an unknown server', async () => {
    const { proxy, code } = await startWithCode()

    assert.equal(
      await errorOf(await redeem(proxy, code, {}, `/gh/token?code=${code}`)),
      '400 invalid_request',
    )
    assert.equal((await proxy.fetch('/gh/token')).status, 405)
    assert.equal((await redeem(proxy, code, {}, '/nope/token')).status, 404)
  })

  it('takes the derived secret by Basic or in the body, and refuses a wrong one', async () => {
    const { proxy } = await startWithCode()
    const metadata = {
      redirect_uris: ['http://localhost:1/'],
      token_endpoint_auth_method: 'client_secret_basic',
    }
    const response = await register(proxy, metadata)
    assert.equal((await jsonOf(response.clone()))['client_secret_expires_at'], 0)
    const secret = await textOf(response, 'client_secret')
    const exchange = async (
      changes: Record<string, string | undefined>,
      headers: Record<string, string> = {},
    ) => {
      const { code } = await obtainCode(proxy)
      return redeem(proxy, code, changes, '/gh/token', headers)
    }
    const basic = (id: string, password: string) => ({
      authorization: `Basic ${btoa(`${id}:${password}`)}`,
    })

    assert.equal((await exchange({ client_id: undefined }, basic('gh', secret))).status, 200)
    assert.equal((await exchange({ client_secret: secret })).status, 200)
    const wrong = await exchange({}, basic('gh', 'wrong'))
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic /)
    assert.equal(await errorOf(wrong), '401 invalid_client')
    assert.equal(await errorOf(await exchange({ client_secret: 'wrong' })), '401 invalid_client')
    assert.equal(
      await errorOf(await exchange({ client_secret: secret }, basic('gh', secret))),
      '400 invalid_request',
    )
    assert.equal(
      await errorOf(await exchange({}, { authorization: 'Basic !' })),
      '401 invalid_client',
    )
  })
})
