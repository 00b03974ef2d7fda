import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRedactor } from '../../src/doctor/redact.ts'
import { diagnose, stepOf } from '../support/doctor.ts'
import { challenge, GOOD, play } from '../support/scripted-server.ts'

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

describe('examine with a sign-in', () => {
  it('never shows a token, also where the server sends it back', async () => {
    let state = ''
    const desk = {
      redirectUri: 'http://127.0.0.1:33418/callback',
      show: async (url: string) => {
        state = new URL(url).searchParams.get('state') ?? ''
      },
      waitForCallback: async () =>
        new URL(`http://127.0.0.1:33418/callback?code=the-code-of-it&state=${state}`),
    }
    const echo = (request: Request) => {
      const authorization = request.headers.get('authorization')
      const unauthorized = challenge(`${ISSUER}/.well-known/oauth-protected-resource/mcp`)
      return authorization === null ? unauthorized() : new Response(authorization, { status: 500 })
    }
    const token = () => Response.json({ access_token: TOKEN, token_type: 'Bearer', expires_in: 60 })
    const { fetch } = play({ ...GOOD, 'POST /mcp': echo, 'GET /mcp': echo, 'POST /token': token })

    const report = await diagnose(`${ISSUER}/mcp`, fetch, { desk })

    assert.equal(stepOf(report, 'token')?.mark, 'well')
    assert.match(stepOf(report, 'handshake')?.seen ?? '', /500, "Bearer \[secret\]"/)
    assert.doesNotMatch(JSON.stringify(report), /nobody-may-see|the-code-of-it/)
  })
})
