import { LRUCache } from 'lru-cache'
import type { HeaderPair } from '../gateway/headers.ts'
import { formatFields } from '../http1/format-head.ts'
import type { Dispatch, Dispatched } from './dispatch.ts'
import { createResponseHeadReader } from './known-responses.ts'
import { UpstreamExchange } from './upstream-exchange.ts'
import { UpstreamPool } from './upstream-pool.ts'

const REMEMBERED_URLS = 1024 * 1024 // characters; clients choose their queries
const CHECKING_INTERVAL = 1_000 // milliseconds

/** Where a URL leads: the connections there, and what to ask for. */
interface Destination {
  readonly pool: UpstreamPool
  readonly host: string
  readonly path: string
}

/** A dispatch over HTTP/1.1 on connections that are kept: bytes as they come. */
export function createUpstreamDispatch(): Dispatch {
  const destinationOf = createDestinations()
  const formatHead = createHeads()
  return (request, sink) => {
    const destination = destinationOf(request.url)
    const head = `${formatHead(request, destination)}${formatFraming(request)}\r\n`
    const exchange = new UpstreamExchange(head, request.content, sink)
    destination.pool.send(exchange)
    return exchange
  }
}

/** Finds the destination of a URL; one pool of connections for each origin. */
function createDestinations(): (url: string) => Destination {
  const readHead = createResponseHeadReader()
  const pools = new Map<string, UpstreamPool>()
  const known = new LRUCache<string, Destination>({
    maxSize: REMEMBERED_URLS,
    sizeCalculation: (_, url) => url.length,
  })
  const check = () => {
    for (const pool of pools.values()) pool.expire()
  }
  const createPool = (url: URL) => {
    if (pools.size === 0) setInterval(check, CHECKING_INTERVAL).unref()
    const pool = new UpstreamPool(url, readHead)
    pools.set(url.origin, pool)
    return pool
  }
  return (url) => {
    const found = known.get(url)
    if (found !== undefined) return found
    const parsed = new URL(url)
    const pool = pools.get(parsed.origin) ?? createPool(parsed)
    const destination = { pool, host: parsed.host, path: targetOf(url) }
    known.set(url, destination)
    return destination
  }
}

/** The path and query as they are written: parsing would respell characters of the query. */
function targetOf(url: string): string {
  const [, target = ''] = /^[^:]+:\/\/[^/?#]*([^#]*)/s.exec(url) ?? []
  const plain = target.replaceAll(/[^\x21-\x7E]+/g, encodeURIComponent)
  return plain.startsWith('/') ? plain : `/${plain}`
}

/** The head of a request but for what frames its body; one client's messages have the same again and again. */
function createHeads() {
  const known = new WeakMap<readonly HeaderPair[], Formatted>()
  return ({ method, headers }: Dispatched, to: Destination): string => {
    const found = known.get(headers)
    if (found?.to === to && found.method === method) return found.text
    const isNamed = headers.some(([name]) => name.toLowerCase() === 'host')
    const host = isNamed ? '' : `host: ${to.host}\r\n`
    const text = `${method} ${to.path} HTTP/1.1\r\n${host}${formatFields(headers)}`
    known.set(headers, { to, method, text })
    return text
  }
}

interface Formatted {
  readonly to: Destination
  readonly method: string
  readonly text: string
}

/** How the end of the body is found (RFC 9112 §6); only POST says that there is none. */
function formatFraming({ method, content }: Dispatched): string {
  const length = content.kind === 'whole' ? content.bytes.length : content.stream.length
  if (length === undefined) return 'transfer-encoding: chunked\r\n'
  return length === 0 && method !== 'POST' ? '' : `content-length: ${length}\r\n`
}
