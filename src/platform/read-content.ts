import type { IncomingBody } from './incoming-body.ts'

const MAX_BODY = 16 * 1024 * 1024 // bytes
const HELD_BODY = 64 * 1024 // bytes; up to here a body is sent on in one piece
const KEPT_BODY = 1024 * 1024 // bytes; up to here it can be sent a second time

/** What takes a large body on its way upstream. */
export interface ContentSink {
  /** False to be given nothing more until `resume`. */
  onData(chunk: Uint8Array): boolean
  onEnd(): void
  onFailed(reason: 'too-large' | 'gone'): void
}

/** A large body, to be read once. */
export interface ContentStream {
  /** The length in bytes, if the client says it. */
  readonly length: number | undefined
  read(sink: ContentSink): void
  resume(): void
}

/** A body on its way upstream: all of it, or as it comes. */
export type Content =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly stream: ContentStream }
  | { readonly kind: 'too-large' }
  /** The client went away. */
  | { readonly kind: 'gone' }

/** Gives small bodies whole, as soon as they are there, and others as streams that fail beyond 16 MiB. */
export function readContent(
  body: IncomingBody,
  { isKept }: { readonly isKept: boolean },
  then: (content: Content) => void,
): void {
  const { declared, content } = body
  const held = isKept ? KEPT_BODY : HELD_BODY
  if (declared !== undefined && declared > MAX_BODY) then({ kind: 'too-large' })
  else if (content !== undefined && content.length <= held) then({ kind: 'whole', bytes: content })
  else if (declared === undefined ? isKept : declared <= held) readUpTo(body, held, then)
  else then({ kind: 'stream', stream: limited(body, []) })
}

/** All of it, or a stream that begins with what was read where that is more than so many bytes. */
function readUpTo(body: IncomingBody, maxBytes: number, then: (content: Content) => void): void {
  const chunks: Uint8Array[] = []
  let size = 0
  let isDecided = false
  const decide = (content: Content) => {
    if (isDecided) return
    isDecided = true
    then(content)
  }
  body.read({
    onData(chunk) {
      chunks.push(chunk)
      size += chunk.length
      if (size <= maxBytes) return true
      decide({ kind: 'stream', stream: limited(body, chunks) })
      return false
    },
    onEnd: () => decide({ kind: 'whole', bytes: join(chunks) }),
    onGone: () => decide({ kind: 'gone' }),
  })
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}

/** What was read already, and the rest; no more than 16 MiB. */
function limited(body: IncomingBody, first: readonly Uint8Array[]): ContentStream {
  return {
    length: body.declared,
    resume: () => body.resume(),
    read(sink) {
      let size = 0
      const onData = (chunk: Uint8Array) => {
        size += chunk.length
        if (size <= MAX_BODY) return sink.onData(chunk)
        body.discard()
        sink.onFailed('too-large')
        return true
      }
      const rest = { onData, onEnd: () => sink.onEnd(), onGone: () => sink.onFailed('gone') }
      let hasRoom = true
      for (const chunk of first) hasRoom = onData(chunk)
      body.read(rest, hasRoom)
    },
  }
}
