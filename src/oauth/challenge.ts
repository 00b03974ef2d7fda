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

/** The parameters of the first Bearer challenge in a `WWW-Authenticate` value (RFC 9110 §11.6.1). */
export function parseBearerChallenge(header: string): ReadonlyMap<string, string> | undefined {
  const start = /(?:^|,)[ \t]*bearer(?=[ \t,]|$)/i.exec(header)
  if (start === null) return undefined
  const parameters = new Map<string, string>()
  let rest = header.slice(start.index + start[0].length)
  for (;;) {
    const found = PARAMETER.exec(rest)
    if (found === null) return parameters
    const [text, name, quoted, token] = found
    const value = quoted === undefined ? (token ?? '') : quoted.replace(/\\(.)/g, '$1')
    if (name !== undefined && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), value)
    }
    rest = rest.slice(text.length)
  }
}

const PARAMETER =
  /^[ \t,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/
