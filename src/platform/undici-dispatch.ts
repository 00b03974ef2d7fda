import { Readable } from 'node:stream'
import { LRUCache } from 'lru-cache'
import type { Dispatcher } from 'undici'
import errors from 'undici/lib/core/errors.js'
import Pool from 'undici/lib/dispatcher/pool.js'
import type { HeaderPair } from '../gateway/headers.ts'
import { UpstreamError } from '../gateway/upstream.ts'
import type { Control, Dispatch, Sink } from './dispatch.ts'

const CONNECT_TIMEOUT = 5_000 // milliseconds
const HEADERS_TIMEOUT = 60_000 // milliseconds
/** Milliseconds; less than the five seconds after which many servers close, so that no request meets that. */
const KEEP_ALIVE_TIMEOUT = 4_000
const MAX_CONNECTIONS = 16_384 // to one origin; open streams hold one each
const REMEMBERED_URLS = 1_000
const MAX_UNTAKEN = 16 * 1024 * 1024 // bytes that may wait for a client where upstream can not be held back

/** Where a URL leads: the connections there, and what to ask for. */
interface Destination {
  readonly pool: Pool
  readonly path: string
}

/** Finds the destination of a URL; one pool of kept connections for each origin. */
function createDestinations(): (url: string) => Destination {
  const pools = new Map<string, Pool>()
  const known = new LRUCache<string, Destination>({ max: REMEMBERED_URLS })
  return (url) => {
    const found = known.get(url)
    if (found !== undefined) return found
    const { origin } = new URL(url)
    const pool = pools.get(origin) ?? createPool(origin)
    pools.set(origin, pool)
    const destination = { pool, path: targetOf(url) }
    known.set(url, destination)
    return destination
  }
}

function createPool(origin: string): Pool {
  return new Pool(origin, {
    connections: MAX_CONNECTIONS,
    connect: { timeout: CONNECT_TIMEOUT },
    headersTimeout: HEADERS_TIMEOUT,
    bodyTimeout: 0, // a stream may be quiet for as long as it likes
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
  })
}

/** The path and query as they are written: parsing would respell characters of the query. */
function targetOf(url: string): string {
  const [, target = ''] = /^[^:]+:\/\/[^/?]*(.*)$/s.exec(url) ?? []
  return target.startsWith('/') ? target : `/${target}`
}

/** A dispatch over undici: bytes as they come, pooled connections. */
export function createUndiciDispatch(): Dispatch {
  const destinationOf = createDestinations()
  const fieldsOf = createFields()
  return ({ url, method, headers, body }, sink) => {
    const { pool, path } = destinationOf(url)
    const handler = new Relay(sink)
    pool.dispatch(
      {
        path,
        method: method as 'POST', // checked by the gateway
        headers: fieldsOf(headers),
        body: body === null || body instanceof Uint8Array ? body : Readable.from(body),
      },
      handler,
    )
    return handler
  }
}

/** Header lines as undici takes them; those of one client's messages are the same again and again. */
function createFields(): (headers: readonly HeaderPair[]) => string[] {
  const known = new WeakMap<readonly HeaderPair[], string[]>()
  return (headers) => {
    const found = known.get(headers)
    if (found !== undefined) return found
    const fields = headers.flat()
    known.set(headers, fields)
    return fields
  }
}

/** Between undici's events and a sink. */
class Relay implements Dispatcher.DispatchHandler, Control {
  readonly #sink: Sink
  #controller: Dispatcher.DispatchController | undefined
  #isAborted = false
  #mayPause = true
  #untaken = 0

  constructor(sink: Sink) {
    this.#sink = sink
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isAborted) this.abort()
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#mayPause = isKeptAlive(headers)
    const length = headers['content-length']
    const pairs = toPairs(headers)
    if (typeof length === 'string') this.#sink.onHead(status, pairs, Number(length))
    else this.#sink.onHead(status, pairs)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // An empty one comes of each resumption where a body ends with its connection.
    if (chunk.length === 0 || this.#sink.onData(chunk)) this.#untaken = 0
    else if (this.#mayPause) controller.pause()
    else this.#wait(chunk)
  }

  onResponseEnd(): void {
    this.#sink.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#sink.onError(toUpstreamError(error))
  }

  /** undici 7 fails an assertion where a connection ends in a pause that its answer was to end with. */
  #wait(chunk: Buffer): void {
    this.#untaken += chunk.length
    if (this.#untaken > MAX_UNTAKEN) this.#controller?.abort(new Error('The client is too slow'))
  }

  resume(): void {
    this.#untaken = 0
    this.#controller?.resume()
  }

  abort(): void {
    this.#isAborted = true
    this.#controller?.abort(new Error('The client went away'))
  }
}

/** Whether the connection outlives the answer (RFC 9112 §9.3). */
function isKeptAlive(headers: Record<string, string | string[] | undefined>): boolean {
  // Where chunked is not the last coding, the body ends with the connection (RFC 9112 §6.3).
  const isChunked = /\bchunked\s*$/i.test(String(headers['transfer-encoding'] ?? ''))
  const isFramed = headers['content-length'] !== undefined || isChunked
  return isFramed && !/\bclose\b/i.test(String(headers['connection'] ?? ''))
}

/** Header fields as pairs, those with several lines as several. */
function toPairs(headers: Record<string, string | string[] | undefined>): HeaderPair[] {
  const pairs: HeaderPair[] = []
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (typeof value === 'string') pairs.push([name, value])
    else for (const one of value ?? []) pairs.push([name, one])
  }
  return pairs
}

/** What undici throws, as the gateway knows it. */
function toUpstreamError(error: unknown): UpstreamError {
  const isSlow =
    error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError
  return new UpstreamError(isSlow ? 'slow' : 'unreachable', { cause: error })
}
