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

/** What goes upstream: headers by list, then the server's own, then the credential. */
export function createRequestHeaders(
  { method, headers }: Request,
  own: {
    readonly extraHeaders: readonly string[]
    readonly staticHeaders: readonly HeaderPair[]
    readonly credential: readonly HeaderPair[]
  },
): HeaderPair[] {
  const named = namedByConnection(headers.get('connection'))
  const sentLast = new Set(own.credential.map(([name]) => name.toLowerCase()))
  const staticHeaders = own.staticHeaders.filter(([name]) => !sentLast.has(name.toLowerCase()))
  const overridden = new Set(
    [...staticHeaders, ...own.credential].map(([name]) => name.toLowerCase()),
  )
  const passes = (name: string) =>
    isListed(name, REQUEST_HEADERS, REQUEST_PREFIXES) || own.extraHeaders.includes(name)
  const passed = [...headers].filter(
    ([name]) => passes(name) && !NEVER.has(name) && !named.has(name) && !overridden.has(name),
  )
  // An event stream is looked into for its endpoint event, and must not wait for a compressor.
  const encoded = method === 'GET' ? passed.map(withoutEncoding) : passed
  return [...encoded, ...staticHeaders, ...own.credential]
}

function withoutEncoding([name, value]: HeaderPair): HeaderPair {
  return name === 'accept-encoding' ? [name, 'identity'] : [name, value]
}

/** What goes back to the client: headers by list, and what keeps streams streaming. */
export function createResponseHeaders(
  upstream: readonly HeaderPair[],
  passed: readonly string[] = [],
): Headers {
  const connection = upstream.filter(([name]) => name.toLowerCase() === 'connection')
  const named = namedByConnection(connection.map(([, value]) => value).join(','))
  const headers = new Headers()
  for (const [name, value] of upstream) {
    const lower = name.toLowerCase()
    const isPolicy = RESPONSE_POLICIES.some((policy) => lower.startsWith(policy))
    if (NEVER.has(lower) || named.has(lower) || isPolicy) continue
    const isPassed = passed.includes(lower) || isListed(lower, RESPONSE_HEADERS, RESPONSE_PREFIXES)
    // What is no byte string can not be sent on.
    if (isPassed && /^[\t\x20-\xFF]*$/.test(value)) headers.append(lower, value)
  }
  headers.set('X-Content-Type-Options', 'nosniff')
  if (isEventStream(headers)) {
    headers.set('Cache-Control', 'no-cache, no-transform')
    // nginx buffers a proxied response unless told otherwise, and events come late or never.
    headers.set('X-Accel-Buffering', 'no')
  }
  return headers
}

/** Whether the body is a stream of server-sent events. */
export function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
}

/** The headers that `Connection` declares to be for this hop only. */
function namedByConnection(connection: string | null): ReadonlySet<string> {
  return new Set(
    (connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
}

function isListed(name: string, exact: ReadonlySet<string>, prefixes: readonly string[]): boolean {
  return exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
}
