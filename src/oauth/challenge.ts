/** What a Bearer challenge says (RFC 6750 §3, RFC 9728 §5.1). */
export interface Challenge {
  readonly resourceMetadata: string
  readonly scope: readonly string[]
  readonly error?: 'invalid_token' | 'insufficient_scope'
}

/** The value of `WWW-Authenticate` for a challenge. */
export function formatChallenge({ error, scope, resourceMetadata }: Challenge): string {
  const parameters = [
    ...(error === undefined ? [] : [`error="${error}"`]),
    `resource_metadata="${resourceMetadata}"`,
    ...(scope.length === 0 ? [] : [`scope="${scope.join(' ')}"`]),
  ]
  return `Bearer ${parameters.join(', ')}`
}

/** The parameters of the Bearer challenges in a `WWW-Authenticate` value, the first of each name (RFC 9110 §11.6.1). */
export function parseBearerChallenge(header: string): ReadonlyMap<string, string> | undefined {
  const parts = [...header.matchAll(PART)]
  if (!parts.some(([, , , , scheme]) => isBearer(scheme))) return undefined
  const parameters = new Map<string, string>()
  let current: string | undefined
  for (const [, name = '', quoted = '', token, scheme] of parts) {
    current = scheme ?? current
    const key = name.toLowerCase()
    if (scheme !== undefined || !isBearer(current) || parameters.has(key)) continue
    parameters.set(key, token ?? quoted.replace(/\\(.)/g, '$1'))
  }
  return parameters
}

function isBearer(scheme: string | undefined): boolean {
  return scheme?.toLowerCase() === 'bearer'
}

/** A parameter, else a scheme with the token68 that some have in place of parameters. */
const PART =
  /[ \t,]*(?:([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))|([!#$%&'*+.^_`|~\w-]+)(?:[ \t]+[\w.~+/-]+=*(?=[ \t]*(?:,|$)))?(?=[ \t,]|$))/gy
