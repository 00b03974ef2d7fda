import { Readable } from 'node:stream'
import type { Upstream } from '../gateway/upstream.ts'
import { type Destination, toPairs, toUpstreamError } from './undici-dispatch.ts'

/** An upstream transport over web streams, for requests that the platform does not carry itself. */
export function createUndiciUpstream(destinationOf: (url: string) => Destination): Upstream {
  return async ({ url, method, headers, body, signal }) => {
    const { pool, path } = destinationOf(url)
    try {
      const response = await pool.request({
        path,
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
      throw toUpstreamError(error)
    }
  }
}
