import { type Upstream, UpstreamError } from '../gateway/upstream.ts'

const HEADERS_TIMEOUT = 60_000 // milliseconds

/** An upstream transport over the runtime's own fetch. */
export function createFetchUpstream(options: {
  /** Runtime options that keep a body as it came. */
  readonly init: Readonly<Record<string, unknown>>
  /** Whether fetch would decode a compressed body whatever we say, so that none may be asked for. */
  readonly asksIdentity: boolean
}): Upstream {
  return async ({ url, method, headers, body, signal }) => {
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), HEADERS_TIMEOUT)
    const sent = new Headers(headers.map(([name, value]): [string, string] => [name, value]))
    if (options.asksIdentity) sent.set('accept-encoding', 'identity')
    try {
      const response = await fetch(url, {
        method,
        headers: sent,
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout.signal]),
        ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
        ...options.init,
      })
      return { status: response.status, headers: [...response.headers], body: response.body }
    } catch (error) {
      throw new UpstreamError(timeout.signal.aborted ? 'slow' : 'unreachable', { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
}
