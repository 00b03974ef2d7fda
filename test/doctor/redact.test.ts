import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRedactor } from '../../src/doctor/redact.ts'
import { clientOf, diagnose, stepOf } from '../support/doctor.ts'
import { challenge, GOOD, GOOD_SERVER, play } from '../support/scripted-server.ts'

const ISSUER = 'https://mcp.example.com'
const TOKEN = 'an-access-token-that-nobody-may-see'

describe('createRedactor', () => {
  it('hides secrets wherever they stand, also those that were cut', () => {
    const { hide, redact } = createRedactor()
    hide(TOKEN)

    assert.equal(
      redact(`a ${TOKEN} b ${TOKEN}${TOKEN.slice(0, 12)}…`),
      'a [secret] b [secret][secret]…',
    )
    assert.equal(redact('an-accident'), 'an-accident')
  })
})

describe('examine', () => {
  it('hides a secret in causes, in lines to paste and in the URLs at which clients stop', async () => {
    const secret = 'the-secret-of-the-client'
    const resource = `${ISSUER}/${secret}`
    const location = `https://id.example.net/a?redirect_uri=https%3A%2F%2F${secret}.example.net%2F`
    const { fetch } = play({
      ...GOOD,
      'POST /mcp': challenge(resource),
      [`GET /${secret}`]: { resource: `${ISSUER}/other`, authorization_servers: [ISSUER] },
      'POST /register': () =>
        Response.json({ client_id: 'a', client_secret: secret, redirect_uris: [] }),
      'GET /authorize': () => new Response(null, { status: 302, headers: { location } }),
    })

    const report = await diagnose(`${ISSUER}/mcp`, fetch)

    assert.match(stepOf(report, 'authorize')?.cause ?? '', /another host, https:\/\/\[secret\]/)
    assert.match(clientOf(report, 'VS Code')?.at ?? '', /\[secret\]$/)
    const known = report.steps.slice(report.steps.findIndex(({ name }) => name === 'registration'))
    assert.doesNotMatch(JSON.stringify([known, report.clients]), new RegExp(secret))
  })
})

describe('examine with a sign-in', () => {
  it('never shows a token, also where the server sends it back', async () => {
    const echo = (request: Request) => {
      const authorization = request.headers.get('authorization')
      const unauthorized = challenge(`${ISSUER}/.well-known/oauth-protected-resource/mcp`)
      return authorization === null ? unauthorized() : new Response(authorization, { status: 500 })
    }
    const { fetch } = play({
      ...GOOD,
      'POST /mcp': echo,
      'GET /mcp': echo,
      'POST /token': grant,
      // What only some of the clients ask.
      'HEAD /mcp': () => new Response(null, { status: 302, headers: { location: `/${TOKEN}` } }),
    })

    const report = await diagnose(`${ISSUER}/mcp`, fetch, { desk: createDesk() })

    assert.equal(stepOf(report, 'token')?.mark, 'well')
    assert.match(stepOf(report, 'handshake')?.seen ?? '', /500, "Bearer \[secret\]"/)
    assert.match(clientOf(report, 'Gemini CLI')?.why ?? '', /302, to \/\[secret\]/)
    assert.doesNotMatch(JSON.stringify(report), /nobody-may-see|the-code-of-it/)
  })

  it('takes no token to a revocation endpoint inside a network', async () => {
    const revocation_endpoint = 'http://10.0.0.7/revoke'
    const { fetch, asked } = play({
      ...GOOD,
      'GET /.well-known/oauth-authorization-server': { ...GOOD_SERVER, revocation_endpoint },
      'POST /token': grant,
    })

    const report = await diagnose(`${ISSUER}/mcp`, fetch, { desk: createDesk() })

    assert.equal(stepOf(report, 'token')?.mark, 'well')
    assert.ok(
      asked.every((one) => one.includes(ISSUER)),
      asked.join(),
    )
  })
})

function grant(): Response {
  return Response.json({ access_token: TOKEN, token_type: 'Bearer', expires_in: 60 })
}

/** A user who signs in at once. */
function createDesk() {
  let state = ''
  return {
    redirectUri: 'http://127.0.0.1:33418/callback',
    show: async (url: string) => {
      state = new URL(url).searchParams.get('state') ?? ''
    },
    waitForCallback: async () =>
      new URL(`http://127.0.0.1:33418/callback?code=the-code-of-it&state=${state}`),
  }
}
