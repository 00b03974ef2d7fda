import type { OAuthErrorCode } from '../oauth/error.ts'
import { renderHandOverPage } from '../pages/hand-over-page.ts'

/** Where the client waits for its answer, once client and redirect URI are checked. */
export interface AnswerTarget {
  readonly redirectUri: string
  readonly state?: string | undefined
  /** The issuer that the answer names (RFC 9207 §2). */
  readonly issuer: string
}

/** Sends the browser on; what it passes on is not for caches or referrers. */
export function redirect(location: string, status: 302 | 303 | 307, headers = new Headers()) {
  headers.set('Location', location)
  headers.set('Cache-Control', 'no-store')
  headers.set('Referrer-Policy', 'no-referrer')
  return new Response(null, { status, headers })
}

/** Sends the answer to the client: by redirect, or to a private-use scheme by a page with a link. */
export async function answerClient(
  location: string,
  status: 302 | 303,
  headers = new Headers(),
): Promise<Response> {
  return /^https?:/i.test(location)
    ? redirect(location, status, headers)
    : renderHandOverPage(location, headers)
}

/** The client's redirect URI with a code (RFC 6749 §4.1.2). */
export function createCodeAnswer(target: AnswerTarget, code: string): string {
  return withParameters(target, [['code', code]])
}

/** The client's redirect URI with an error (RFC 6749 §4.1.2.1). */
export function createErrorAnswer(
  target: AnswerTarget,
  error: { readonly code: OAuthErrorCode; readonly description: string },
): string {
  return withParameters(target, [
    ['error', error.code],
    ['error_description', error.description],
  ])
}

/** The redirect URI's own query stays as it is, byte for byte (RFC 6749 §3.1.2). */
function withParameters(
  { redirectUri, state, issuer }: AnswerTarget,
  parameters: readonly (readonly [string, string])[],
): string {
  const all = [
    ...parameters,
    ...(state === undefined ? [] : [['state', state] as const]),
    ['iss', issuer] as const,
  ]
  const query = all.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}
