import type { RequestHead } from '../request/exchange.ts'

/** A header as it goes over the wire. */
export type HeaderPair = readonly [name: string, value: string]

const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'baggage',
  'last-event-id',
  'traceparent',
  'tracestate',
  'user-agent',
])
const REQUEST_PREFIXES = ['accept', 'content-', 'mcp-']

const RESPONSE_HEADERS: ReadonlySet<string> = new Set([
  'allow',
  'cache-control',
  'etag',
  'last-modified',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
])
const RESPONSE_PREFIXES = ['content-', 'mcp-']
/** Policies of the upstream's origin, which start like headers that pass. */
const RESPONSE_POLICIES = ['content-security-policy', 'content-location']

/** Hop-by-hop headers (RFC 9110 §7.6.1) that begin like ones that pass, or frame the body. */
const NEVER: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Headers that go in place of the client's own. */
export interface OwnHeaders {
  readonly extraHeaders: readonly string[]
  readonly staticHeaders: readonly HeaderPair[]
  readonly credential: readonly HeaderPair[]
}

/** What goes upstream: headers by list, then the server's own, then the credential; the same list for the same of each. */
export function createRequestHeaders(head: RequestHead, own: OwnHeaders): readonly HeaderPair[] {
  const known = SENT.get(head)
  if (
    known?.credential === own.credential &&
    known.staticHeaders === own.staticHeaders &&
    known.extraHeaders === own.extraHeaders
  ) {
    return known.sent
  }
  const sent = listRequestHeaders(head, own)
  SENT.set(head, { ...own, sent })
  return sent
}

/** A client's next message has the same head, as platforms hand it over, and mostly the same credential. */
const SENT = new WeakMap<RequestHead, OwnHeaders & { readonly sent: readonly HeaderPair[] }>()

function listRequestHeaders(
  { method, headers }: RequestHead,
  { extraHeaders, staticHeaders, credential }: OwnHeaders,
): HeaderPair[] {
  const named = namedByConnection(headers.get('connection'))
  const passes = (name: string) =>
    (isListed(name, REQUEST_HEADERS, REQUEST_PREFIXES) || extraHeaders.includes(name)) &&
    !(NEVER.has(name) || named.has(name) || has(staticHeaders, name) || has(credential, name))
  const sent: HeaderPair[] = []
  for (const [name, value] of headers) {
    // An event stream is looked into for its endpoint event, and must not wait for a compressor.
    const isEncoding = method === 'GET' && name === 'accept-encoding'
    if (passes(name)) sent.push([name, isEncoding ? 'identity' : value])
  }
  for (const pair of staticHeaders) if (!has(credential, pair[0])) sent.push(pair)
  sent.push(...credential)
  return sent
}

function has(pairs: readonly HeaderPair[], name: string): boolean {
  return pairs.length > 0 && pairs.some((pair) => pair[0].toLowerCase() === name.toLowerCase())
}

/** What goes back to the client: headers by list, and what keeps streams streaming. */
export function createResponseHeaders(
  upstream: readonly HeaderPair[],
  passed: readonly string[] = [],
): HeaderPair[] {
  const named = namedByConnection(joined(upstream, 'connection'))
  const isStream = isEventStream(upstream)
  const passes = (name: string) =>
    (passed.includes(name) || isListed(name, RESPONSE_HEADERS, RESPONSE_PREFIXES)) &&
    !(NEVER.has(name) || named.has(name) || isPolicy(name))
  const headers: HeaderPair[] = []
  for (const [name, value] of upstream) {
    const lower = name.toLowerCase()
    const isReplaced = isStream && lower === 'cache-control'
    // What is no byte string can not be sent on.
    const isSendable = /^[\t\x20-\xFF]*$/.test(value)
    if (isSendable && !isReplaced && passes(lower)) headers.push([lower, value])
  }
  headers.push(NO_SNIFFING)
  if (isStream) headers.push(...STREAMING)
  return headers
}

const NO_SNIFFING: HeaderPair = ['X-Content-Type-Options', 'nosniff']
const STREAMING: readonly HeaderPair[] = [
  ['Cache-Control', 'no-cache, no-transform'],
  // nginx buffers a proxied response unless told otherwise, and events come late or never.
  ['X-Accel-Buffering', 'no'],
]

function isPolicy(name: string): boolean {
  return RESPONSE_POLICIES.some((policy) => name.startsWith(policy))
}

/** Whether the body is a stream of server-sent events. */
export function isEventStream(headers: readonly HeaderPair[]): boolean {
  return /^text\/event-stream\b/i.test(joined(headers, 'content-type') ?? '')
}

/** The value of a field, its lines joined (RFC 9110 §5.2); null where there is none. */
export function joined(headers: readonly HeaderPair[], name: string): string | null {
  let value: string | null = null
  for (const pair of headers) {
    if (pair[0].length !== name.length || pair[0].toLowerCase() !== name) continue
    value = value === null ? pair[1] : `${value}, ${pair[1]}`
  }
  return value
}

const NONE: ReadonlySet<string> = new Set()

/** The headers that `Connection` declares to be for this hop only. */
function namedByConnection(connection: string | null): ReadonlySet<string> {
  if (connection === null || connection === 'keep-alive') return NONE
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
}

function isListed(name: string, exact: ReadonlySet<string>, prefixes: readonly string[]): boolean {
  return exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
}
