import type { Server } from '../registry.ts'
import { createRequestHeaders } from './headers.ts'
import { readRequestBody } from './request-body.ts'
import { type Upstream, UpstreamError, type UpstreamResponse } from './upstream.ts'
import type { UpstreamCredential } from './upstream-credential.ts'

type Ready = Extract<UpstreamCredential, { kind: 'ready' }>

/** What there was to send, and what came of it. */
export type Sent =
  | { readonly kind: 'answered'; readonly response: UpstreamResponse }
  | { readonly kind: 'failed'; readonly reason: 'too-large' | 'unreachable' | 'slow' }
  | Extract<UpstreamCredential, { kind: 'failed' }>

/** One request on its way upstream. */
export interface Sending {
  readonly request: Request
  readonly server: Server
  readonly url: string
  readonly credential: Ready
}

/**
 * Sends a request upstream. Where upstream refuses a credential that there may be a newer one of,
 * it is sent once more with that, if its body was kept (at most 1 MiB).
 */
export async function sendUpstream(upstream: Upstream, sending: Sending): Promise<Sent> {
  const { request, server, url, credential } = sending
  const abort = new AbortController()
  let isTooLarge = false
  const body = await readRequestBody(request, {
    isKept: credential.replace !== undefined,
    onTooLarge: () => {
      isTooLarge = true
      abort.abort()
    },
  })
  if (body.kind === 'too-large') return { kind: 'failed', reason: 'too-large' }
  const send = (headers: Ready['headers'], content: typeof body.content) =>
    upstream({
      url,
      method: request.method,
      headers: createRequestHeaders(request, { ...server, credential: headers }),
      body: content,
      signal: AbortSignal.any([request.signal, abort.signal]),
    })
  try {
    const response = await send(credential.headers, body.content)
    const other = response.status === 401 && body.isKept ? await credential.replace?.() : undefined
    if (other === undefined) return { kind: 'answered', response }
    await response.body?.cancel()
    if (other.kind === 'failed') return other
    return { kind: 'answered', response: await send(other.headers, body.content) }
  } catch (error) {
    return { kind: 'failed', reason: isTooLarge ? 'too-large' : reasonOf(error) }
  }
}

function reasonOf(error: unknown): UpstreamError['reason'] {
  if (error instanceof UpstreamError) return error.reason
  throw error
}
