import { readBoundedBytes } from '../http/bounded-body.ts'

const MAX_BODY = 16 * 1024 * 1024 // bytes
const HELD_BODY = 64 * 1024 // bytes; up to here a body is sent on in one piece

/** A request body on its way upstream. */
export type RequestBody =
  | {
      readonly kind: 'body'
      readonly content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null
    }
  | { readonly kind: 'too-large' }

/** Small bodies of known length whole, others as a stream that fails beyond the limit. */
export async function readRequestBody(
  request: Request,
  onTooLarge: () => void,
): Promise<RequestBody> {
  if (request.body === null || request.method === 'GET' || request.method === 'HEAD') {
    return { kind: 'body', content: null }
  }
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > MAX_BODY) return { kind: 'too-large' }
  if (declared !== null && Number(declared) <= HELD_BODY) {
    const content = await readBoundedBytes(request.body, HELD_BODY)
    return content === undefined ? { kind: 'too-large' } : { kind: 'body', content }
  }
  return { kind: 'body', content: request.body.pipeThrough(limit(onTooLarge)) }
}

function limit(onTooLarge: () => void): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length
      if (size <= MAX_BODY) {
        controller.enqueue(chunk)
        return
      }
      onTooLarge()
      controller.error(new Error('Request body is too large'))
    },
  })
}
