import { encodeBase64Url } from '../sealing/base64url.ts'
import { OAuthError } from './error.ts'

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/

/** The S256 code challenge of a verifier (RFC 7636 §4.2). */
export async function createCodeChallenge(codeVerifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier))
  return encodeBase64Url(new Uint8Array(digest))
}

/** Accepts only an S256 challenge (RFC 7636 §4.3); throws `invalid_request`. */
export function checkCodeChallenge(
  challenge: string | undefined,
  method: string | undefined,
): string {
  if (challenge === undefined) {
    throw new OAuthError('invalid_request', 'Missing code_challenge: PKCE with S256 is required')
  }
  if (method !== 'S256') {
    throw new OAuthError('invalid_request', 'Unsupported code_challenge_method: use S256')
  }
  if (!S256_CHALLENGE.test(challenge)) {
    throw new OAuthError(
      'invalid_request',
      'Malformed code_challenge: want 43 base64url characters',
    )
  }
  return challenge
}

/** Holds a verifier against the challenge of its code (RFC 7636 §4.6); throws `invalid_grant`. */
export async function checkCodeVerifier(codeVerifier: string | undefined, challenge: string) {
  if (codeVerifier === undefined) {
    throw new OAuthError('invalid_request', 'Missing code_verifier')
  }
  if (!VERIFIER.test(codeVerifier)) {
    throw new OAuthError(
      'invalid_grant',
      'Malformed code_verifier: want 43 to 128 unreserved characters',
    )
  }
  // Both sides are digests of public length, so a plain compare tells a caller nothing of use.
  if ((await createCodeChallenge(codeVerifier)) !== challenge) {
    throw new OAuthError('invalid_grant', 'The code_verifier does not match the code_challenge')
  }
}
