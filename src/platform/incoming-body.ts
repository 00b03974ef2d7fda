import type { IncomingMessage } from 'node:http'

const MAX_BODY = 16 * 1024 * 1024 // bytes
const HELD_BODY = 64 * 1024 // bytes; up to here a body is sent on in one piece
const KEPT_BODY = 1024 * 1024 // bytes; up to here it can be sent a second time

/** A body beyond the limit. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}

/** A body on its way upstream: all of it, or its chunks as they come. */
export type IncomingBody =
  | { readonly kind: 'whole'; readonly content: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'stream'; readonly content: AsyncIterable<Uint8Array> }
  | { readonly kind: 'too-large' }
  /** The client went away. */
  | { readonly kind: 'gone' }

/** How a body is read. */
export interface BodyOptions {
  /** What the client says of its length in bytes. */
  readonly declared: string | null
  /** Whether it may have to be sent twice. */
  readonly isKept: boolean
}

/** Small bodies whole, others as chunks that end in a TooLargeError beyond 16 MiB. */
export async function readIncomingBody(
  incoming: IncomingMessage,
  { declared, isKept }: BodyOptions,
): Promise<IncomingBody> {
  const length = Number(declared ?? 0)
  if (length > MAX_BODY) return { kind: 'too-large' }
  const held = isKept ? KEPT_BODY : HELD_BODY
  const isWhole = declared === null ? isKept : length <= held
  if (!isWhole) return { kind: 'stream', content: limited([], incoming) }
  const read = await readUpTo(incoming, held)
  if (read === undefined) return { kind: 'gone' }
  const { chunks, isAll } = read
  if (isAll) return { kind: 'whole', content: joinChunks(chunks) }
  return { kind: 'stream', content: limited(chunks, incoming) }
}

function joinChunks(chunks: readonly Buffer<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}

/** The first chunks, more than so many bytes unless that is all; undefined when the client goes away. */
function readUpTo(
  incoming: IncomingMessage,
  maxBytes: number,
): Promise<
  { readonly chunks: readonly Buffer<ArrayBuffer>[]; readonly isAll: boolean } | undefined
> {
  return new Promise((resolve) => {
    const chunks: Buffer<ArrayBuffer>[] = []
    let size = 0
    const onData = (chunk: Buffer<ArrayBuffer>) => {
      chunks.push(chunk)
      size += chunk.length
      if (size <= maxBytes) return
      incoming.pause()
      incoming.off('data', onData).off('end', onEnd)
      resolve({ chunks, isAll: false })
    }
    const onEnd = () => resolve({ chunks, isAll: true })
    const onClose = () => resolve(undefined)
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

async function* limited(
  first: readonly Uint8Array[],
  rest: IncomingMessage,
): AsyncGenerator<Uint8Array, void> {
  let size = 0
  try {
    for (const chunk of first) {
      size += chunk.length
      yield chunk
    }
    for await (const chunk of rest.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > MAX_BODY) throw new TooLargeError()
      yield chunk
    }
  } finally {
    // Where upstream answered early, the next request on this connection stands behind what is left.
    rest.resume()
  }
}
