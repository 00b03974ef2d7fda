const END = '\r\n\r\n'
const LONGEST_KEPT = 4 * 1024 // bytes; each connection keeps one

/** The head that begins some bytes. */
export type FoundHead<Head> =
  | { readonly kind: 'found'; readonly head: Head; readonly end: number }
  /** With what was not looked at before of it, and some more. */
  | { readonly kind: 'unfinished'; readonly text: string }
  | { readonly kind: 'too-long' }

/**
 * Finds the heads that come over one connection, up to so many bytes each, with the empty line that ends them. The next
 * one is mostly the last one to the byte, and to compare bytes costs far less than to make text of them and find that.
 */
export class HeadFinder<Head> {
  #last: { readonly bytes: Buffer; readonly head: Head } | undefined
  /** As far as a head that was not whole was looked through, so that one that drips in is not read again and again. */
  #searched = 0
  readonly #read: (text: string) => Head
  readonly #maxBytes: number

  constructor(read: (text: string) => Head, maxBytes: number) {
    this.#read = read
    this.#maxBytes = maxBytes
  }

  /** The head that starts there, read, and where what follows it begins. */
  find(bytes: Buffer, start: number): FoundHead<Head> {
    const last = this.#last
    if (last !== undefined && startsWith(bytes, start, last.bytes)) {
      this.#searched = 0
      return { kind: 'found', head: last.head, end: start + last.bytes.length }
    }
    const limit = Math.min(bytes.length, start + this.#maxBytes + END.length)
    const from = Math.max(start, this.#searched - END.length)
    // By way of text: the Buffer of Deno takes long to search.
    const text = bytes.toString('latin1', from, limit)
    const at = text.indexOf(END)
    this.#searched = at === -1 ? limit : 0
    if (at === -1) return limit - start > this.#maxBytes ? TOO_LONG : { kind: 'unfinished', text }
    const length = from - start + at
    // Text of its own, since what remembers it would remember all that it was cut from.
    const head = this.#read(bytes.toString('latin1', start, start + length))
    const end = start + length + END.length
    // A copy, for the same reason.
    if (end - start <= LONGEST_KEPT)
      this.#last = { bytes: Buffer.from(bytes.subarray(start, end)), head }
    return { kind: 'found', head, end }
  }
}

const TOO_LONG = { kind: 'too-long' } as const

function startsWith(bytes: Buffer, start: number, known: Buffer): boolean {
  const end = start + known.length
  return end <= bytes.length && bytes.compare(known, 0, known.length, start, end) === 0
}
