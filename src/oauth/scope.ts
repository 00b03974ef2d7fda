/** The scope tokens of a scope parameter, in order, each once (RFC 6749 §3.3); malformed ones are dropped. */
export function parseScope(scope: string | undefined): string[] {
  const tokens = (scope ?? '').split(/[ \t\r\n]+/).filter((token) => SCOPE_TOKEN.test(token))
  return [...new Set(tokens)]
}

const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/

/** What is known of a provider's scopes. */
export interface KnownScopes {
  /** Asked for where the client asks for none. */
  readonly scopes: readonly string[]
  /** All that a client may ask for; without a list the provider judges. */
  readonly knownScopes?: ReadonlySet<string>
}

/** The scopes to ask the provider for: the client's known ones, else the usual ones. */
export function resolveScope(
  requested: string | undefined,
  { scopes, knownScopes }: KnownScopes,
): string[] {
  // The two that clients add by habit would be refused by providers that do not have them.
  const isKnown = (token: string) => knownScopes?.has(token) ?? !HABITUAL.has(token)
  const asked = parseScope(requested).filter(isKnown)
  if (asked.length === 0) return [...scopes]
  // Without it such a provider gives no refresh token, and the client need not know (SEP-2207).
  const isOffline = scopes.includes(OFFLINE) && !asked.includes(OFFLINE)
  return isOffline ? [...asked, OFFLINE] : asked
}

/** The scope that asks a provider for a refresh token (OpenID Connect Core §11). */
export const OFFLINE = 'offline_access'

const HABITUAL: ReadonlySet<string> = new Set([OFFLINE, 'openid', 'profile', 'email'])
