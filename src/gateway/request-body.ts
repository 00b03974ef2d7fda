const MAX_BODY = 16 * 1024 * 1024 // bytes
const HELD_BODY = 64 * 1024 // bytes; up to here a body is sent on in one piece
const KEPT_BODY = 1024 * 1024 // bytes; up to here it can be sent a second time

/** A request body on its way upstream. */
export type RequestBody =
  | {
      readonly kind: 'body'
      readonly content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null
      /** Whether it is all there, and so can be sent once more. */
      readonly isKept: boolean
    }
  | { readonly kind: 'too-large' }

/** How a body is read. */
export interface BodyOptions {
  /** Whether it may have to be sent twice. */
  readonly isKept: boolean
  /** Called when a stream turns out to exceed the limit; it then fails. */
  onTooLarge(): void
}

/** Small bodies whole, others as a stream that fails beyond the limit. */
export async function readRequestBody(
  request: Request,
  { isKept, onTooLarge }: BodyOptions,
): Promise<RequestBody> {
  if (request.body === null || request.method === 'GET' || request.method === 'HEAD') {
    return { kind: 'body', content: null, isKept: true }
  }
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > MAX_BODY) return { kind: 'too-large' }
  const held = isKept ? KEPT_BODY : HELD_BODY
  const isWhole = declared === null ? isKept : Number(declared) <= held
  if (!isWhole) {
    return { kind: 'body', content: request.body.pipeThrough(limit(onTooLarge)), isKept: false }
  }
  const { chunks, rest } = await readUpTo(request.body.getReader(), held)
  if (rest === undefined) return { kind: 'body', content: concatenate(chunks), isKept: true }
  const content = resume(chunks, rest).pipeThrough(limit(onTooLarge))
  return { kind: 'body', content, isKept: false }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** The first chunks of a body, and its reader if there is more to come than so many bytes. */
async function readUpTo(
  reader: Reader,
  maxBytes: number,
): Promise<{ readonly chunks: readonly Uint8Array[]; readonly rest?: Reader }> {
  const chunks: Uint8Array[] = []
  let size = 0
  while (size <= maxBytes) {
    const { done, value } = await reader.read()
    if (done) return { chunks }
    chunks.push(value)
    size += value.length
  }
  return { chunks, rest: reader }
}

function resume(chunks: readonly Uint8Array[], rest: Reader): ReadableStream<Uint8Array> {
  const first = [...chunks]
  return new ReadableStream({
    async pull(controller) {
      const next = first.shift() ?? (await rest.read()).value
      if (next === undefined) controller.close()
      else controller.enqueue(next)
    },
    cancel: (reason) => rest.cancel(reason),
  })
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
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
