import { Readable } from 'node:stream'
import { Agent, errors } from 'undici'
import type { HeaderPair } from '../gateway/headers.ts'
import { type Upstream, UpstreamError } from '../gateway/upstream.ts'
import type { Platform } from './platform.ts'
import { createProcessPlatform } from './process.ts'

const CONNECT_TIMEOUT = 5_000 // milliseconds
const HEADERS_TIMEOUT = 60_000 // milliseconds
const KEEP_ALIVE_TIMEOUT = 30_000 // milliseconds

/** Node, its upstream connections by undici: pooled, and bytes as they come. */
export function createNodePlatform(): Platform {
  return Object.assign(createProcessPlatform(), {
    name: 'node' as const,
    upstream: createUndiciUpstream(),
  })
}

function createUndiciUpstream(): Upstream {
  const dispatcher = new Agent({
    connect: { timeout: CONNECT_TIMEOUT },
    headersTimeout: HEADERS_TIMEOUT,
    bodyTimeout: 0, // a stream may be quiet for as long as it likes
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
  })
  return async ({ url, method, headers, body, signal }) => {
    try {
      const response = await dispatcher.request({
        ...split(url),
        method: method as 'POST', // checked by the gateway
        headers: headers.flat(),
        body: body instanceof ReadableStream ? Readable.from(body) : body,
        signal,
      })
      return {
        status: response.statusCode,
        headers: toPairs(response.headers),
        body: Readable.toWeb(response.body) as ReadableStream<Uint8Array>, // Node's own type of the same class
      }
    } catch (error) {
      const isSlow =
        error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError
      throw new UpstreamError(isSlow ? 'slow' : 'unreachable', { cause: error })
    }
  }
}

function toPairs(headers: Record<string, string | string[] | undefined>): HeaderPair[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): HeaderPair => [name, one]),
  )
}

/** Origin and path as they are written: parsing would respell characters of the query. */
function split(url: string): { readonly origin: string; readonly path: string } {
  const { origin } = new URL(url)
  const [, target = ''] = /^[^:]+:\/\/[^/?]*(.*)$/s.exec(url) ?? []
  return { origin, path: target.startsWith('/') ? target : `/${target}` }
}
