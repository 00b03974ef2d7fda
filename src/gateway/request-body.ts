import { readBoundedBytes } from '../http/bounded-body.ts'

const MAX_BODY = 16 * 1024 * 1024 // bytes
const HELD_BODY = 64 * 1024 // bytes; up to here a body is sent on in one piece
const KEPT_BODY = 1024 * 1024 // bytes; up to here it can be sent a second time

type Content = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null

/** A request body on its way upstream. */
export type RequestBody =
  | {
      readonly kind: 'body'
      readonly content: Content
      /** The body once more, if all of it was kept. */
      kept(): { readonly content: Content } | undefined
    }
  | { readonly kind: 'too-large' }

/** How a body is read. */
export interface BodyOptions {
  /** Whether it may have to be sent twice. */
  readonly isKept: boolean
  /** Called when a stream turns out to exceed the limit; it then fails. */
  onTooLarge(): void
}

/** Small bodies of known length whole, others as a stream that fails beyond the limit. */
export async function readRequestBody(
  request: Request,
  options: BodyOptions,
): Promise<RequestBody> {
  if (request.body === null || request.method === 'GET' || request.method === 'HEAD') {
    return whole(null)
  }
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > MAX_BODY) return { kind: 'too-large' }
  const held = options.isKept ? KEPT_BODY : HELD_BODY
  if (declared !== null && Number(declared) <= held) {
    const content = await readBoundedBytes(request.body, held)
    return content === undefined ? { kind: 'too-large' } : whole(content)
  }
  const keeper = createKeeper(options.isKept ? KEPT_BODY : 0)
  const content = request.body.pipeThrough(limit(keeper, options))
  return { kind: 'body', content, kept: keeper.kept }
}

function whole(content: Uint8Array<ArrayBuffer> | null): RequestBody {
  return { kind: 'body', content, kept: () => ({ content }) }
}

/** Keeps what passes, up to so many bytes in all. */
function createKeeper(maxBytes: number) {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  let isComplete = false
  return {
    add(chunk: Uint8Array) {
      size += chunk.length
      if (size <= maxBytes) chunks.push(new Uint8Array(chunk))
      else chunks.length = 0
    },
    end() {
      isComplete = size <= maxBytes
    },
    kept: () => (isComplete ? { content: new Blob(chunks).stream() } : undefined),
  }
}

function limit(
  keeper: ReturnType<typeof createKeeper>,
  { onTooLarge }: BodyOptions,
): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length
      if (size <= MAX_BODY) {
        keeper.add(chunk)
        controller.enqueue(chunk)
        return
      }
      onTooLarge()
      controller.error(new Error('Request body is too large'))
    },
    flush: () => keeper.end(),
  })
}
