import type { Carriage } from './carriage.ts'
import type { HeaderPair } from './headers.ts'
import { readRequestBody } from './request-body.ts'
import { type Upstream, UpstreamError, type UpstreamResponse } from './upstream.ts'

/**
 * Sends a request upstream. Where upstream refuses a credential that there may be a newer one of,
 * it is sent once more with that, if its body was kept (at most 1 MiB). A Response is our own.
 */
export async function sendUpstream(
  upstream: Upstream,
  carriage: Carriage,
  request: Request,
): Promise<UpstreamResponse | Response> {
  const abort = new AbortController()
  let isTooLarge = false
  const body = await readRequestBody(request, {
    isKept: carriage.isRepeatable,
    onTooLarge: () => {
      isTooLarge = true
      abort.abort()
    },
  })
  if (body.kind === 'too-large') return carriage.fail('too-large')
  const { content } = body
  const signal = AbortSignal.any([request.signal, abort.signal])
  const send = (headers: readonly HeaderPair[]) =>
    upstream({ url: carriage.url, method: carriage.method, headers, body: content, signal })
  try {
    const response = await send(carriage.headers)
    const other = response.status === 401 && body.isKept ? await carriage.repeat() : undefined
    if (other === undefined) return response
    await response.body?.cancel()
    return other instanceof Response ? other : await send(other)
  } catch (error) {
    return carriage.fail(isTooLarge ? 'too-large' : reasonOf(error))
  }
}

function reasonOf(error: unknown): UpstreamError['reason'] {
  if (error instanceof UpstreamError) return error.reason
  throw error
}
