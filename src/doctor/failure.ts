/** Why no answer came. */
export type Failure =
  | 'dns'
  | 'refused'
  | 'timeout'
  | 'reset'
  | 'tls-untrusted'
  | 'tls-expired'
  | 'tls-name'
  | 'tls'
  | 'unreachable'

/** The failure that a rejected fetch tells of; each runtime has its own words, codes and nesting. */
export function classifyFailure(error: unknown): Failure {
  const told = textsOf(error).join(' ')
  return SIGNS.find(([sign]) => sign.test(told))?.[1] ?? 'unreachable'
}

const MAX_DEPTH = 5

/** Names, codes and messages of an error and of what caused it. */
function textsOf(error: unknown, depth = 0): readonly string[] {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return []
  const code = 'code' in error ? [String(error.code)] : []
  // One connection attempt for each address makes an AggregateError.
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return [
    error.name,
    ...code,
    error.message,
    ...[error.cause, ...errors].flatMap((inner) => textsOf(inner, depth + 1)),
  ]
}

/** In this order: messages about certificates also speak of TLS, and of names. */
const SIGNS: readonly (readonly [sign: RegExp, failure: Failure])[] = [
  [/TimeoutError|ETIMEDOUT|timed out|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT/i, 'timeout'],
  [/CERT_HAS_EXPIRED|certificate (?:has )?expired|Expired/, 'tls-expired'],
  [/ALTNAME|NotValidForName|not valid for name|does not match certificate/i, 'tls-name'],
  [
    /SELF_?SIGNED|UNABLE_TO_|UnknownIssuer|self.signed|local issuer|CaUsedAsEndEntity/i,
    'tls-untrusted',
  ],
  [/ENOTFOUND|EAI_AGAIN|EAI_FAIL|dns error|getaddrinfo|failed to lookup|FailedToResolve/i, 'dns'],
  [/ECONNREFUSED|ConnectionRefused|connection refused/i, 'refused'],
  [
    /\bTLS|\bSSL|_SSL_|EPROTO|certificate|handshake|wrong version number|InvalidContentType/i,
    'tls',
  ],
  [/ECONNRESET|UND_ERR_SOCKET|ConnectionClosed|ConnectionReset|reset|hang up|closed/i, 'reset'],
]
