import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkCodeChallenge, checkCodeVerifier, createCodeChallenge } from '../../src/oauth/pkce.ts'

// RFC 7636 appendix B
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

describe('createCodeChallenge', () => {
  it('gives the challenge of RFC 7636 appendix B', async () => {
    assert.equal(await createCodeChallenge(VERIFIER), 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })
})

describe('checkCodeChallenge', () => {
  const refused: [string | undefined, string | undefined][] = [
    [undefined, 'S256'],
    [CHALLENGE, undefined],
    [CHALLENGE, 'plain'],
    [CHALLENGE, 's256'],
    [CHALLENGE.slice(1), 'S256'],
    [`${CHALLENGE}A`, 'S256'],
    [`${CHALLENGE.slice(1)}+`, 'S256'],
  ]
  for (const [challenge, method] of refused) {
    it(`refuses ${challenge} by ${method}`, () => {
      assert.throws(() => checkCodeChallenge(challenge, method), { code: 'invalid_request' })
    })
  }
})

describe('checkCodeVerifier', () => {
  it('accepts the verifier of the challenge', async () => {
    await checkCodeVerifier(VERIFIER, await createCodeChallenge(VERIFIER))
  })

  for (const verifier of [VERIFIER.slice(1), `${VERIFIER}a`, 'a'.repeat(129), `${VERIFIER}%`]) {
    it(`refuses ${verifier}`, async () => {
      const challenge = await createCodeChallenge(VERIFIER)
      await assert.rejects(checkCodeVerifier(verifier, challenge), { code: 'invalid_grant' })
    })
  }

  it('refuses a missing verifier', async () => {
    await assert.rejects(checkCodeVerifier(undefined, CHALLENGE), { code: 'invalid_request' })
  })
})
