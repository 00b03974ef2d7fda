/** The scope tokens of a scope parameter, in order, each once (RFC 6749 §3.3); malformed ones are dropped. */
export function parseScope(scope: string | undefined): string[] {
  const tokens = (scope ?? '').split(/[ \t\r\n]+/).filter((token) => SCOPE_TOKEN.test(token))
  return [...new Set(tokens)]
}

const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/

/** The scopes to ask the provider for: the client's known ones, else the configured ones. */
export function resolveScope(requested: string | undefined, configured: readonly string[]) {
  // A server without configured scopes knows none by name: the provider judges, but the
  // two that clients add by habit would be refused by providers that do not have them.
  const known = (token: string) =>
    configured.length > 0 ? configured.includes(token) : !HABITUAL.has(token)
  const asked = parseScope(requested).filter(known)
  if (asked.length === 0) return [...configured]
  // Without it such a provider gives no refresh token, and the client need not know (SEP-2207).
  const isOffline = configured.includes(OFFLINE) && !asked.includes(OFFLINE)
  return isOffline ? [...asked, OFFLINE] : asked
}

/** The scope that asks a provider for a refresh token (OpenID Connect Core §11). */
export const OFFLINE = 'offline_access'

const HABITUAL: ReadonlySet<string> = new Set([OFFLINE, 'openid', 'profile', 'email'])
