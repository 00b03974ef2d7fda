import { OAuthError } from './error.ts'

/** Request parameters: each at most once, without the empty ones. */
export type Parameters = ReadonlyMap<string, string>

/** Parses a query or form; a parameter without value counts as left out (RFC 6749 §3.1). */
export function parseParameters(encoded: string | URLSearchParams): {
  readonly parameters: Parameters
  /** Names that came more than once, which RFC 6749 §3.1 and §3.2 forbid. */
  readonly repeated: readonly string[]
} {
  const parameters = new Map<string, string>()
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const [name, value] of new URLSearchParams(encoded)) {
    if (seen.has(name)) repeated.add(name)
    seen.add(name)
    if (value !== '' && !parameters.has(name)) parameters.set(name, value)
  }
  return { parameters, repeated: [...repeated] }
}

/** Throws `invalid_request` when a parameter was repeated (RFC 6749 §3.2). */
export function checkNotRepeated(repeated: readonly string[]): void {
  // RFC 8707 §2 lets `resource` repeat.
  const [name] = repeated.filter((one) => one !== 'resource')
  if (name === undefined) return
  throw new OAuthError('invalid_request', `Repeated parameter: ${printable(name)}`)
}

function printable(name: string): string {
  return /^[A-Za-z0-9_.-]{1,40}$/.test(name) ? name : 'name is not printable'
}
