import { parseFieldLines } from './field-lines.ts'

/** What is no message of HTTP/1.1. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

const MAX_LINE = 256 // bytes of a size with its extensions, which nobody sends
const MAX_TRAILERS = 8 * 1024 // bytes, all of them
const CR = 0x0d
const LF = 0x0a

/**
 * Decodes a chunked body (RFC 9112 §7.1), strictly: lines end in CR LF, sizes are plain hexadecimal digits, and what is
 * said to be a chunk's end must be one. Extensions and trailers are passed over, if they are some.
 */
export class ChunkedDecoder {
  #state: 'size' | 'data' | 'data-end' | 'trailers' | 'done' = 'size'
  #remaining = 0
  #line = ''
  #isEnding = false
  #trailers = 0

  /** Whether the body has ended. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  /**
   * Gives the data in these bytes, in one piece if there is any, and how many bytes are the body's; throws a
   * MalformedError. Whoever holds the data holds no more than it: a chunk may be one byte.
   */
  decode(bytes: Uint8Array, onData: (data: Uint8Array) => void): number {
    const pieces: Uint8Array[] = []
    let at = 0
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state !== 'data') {
        this.#read(bytes[at] ?? 0)
        at += 1
        continue
      }
      const end = Math.min(bytes.length, at + this.#remaining)
      pieces.push(bytes.subarray(at, end))
      this.#remaining -= end - at
      if (this.#remaining === 0) this.#state = 'data-end'
      at = end
    }
    const data = join(pieces)
    if (data !== undefined) onData(data)
    return at
  }

  #read(byte: number): void {
    if (this.#isEnding !== (byte === LF)) {
      throw new MalformedError('Bad end of a line in a chunked body')
    }
    if (this.#isEnding) {
      const line = this.#line
      this.#line = ''
      this.#isEnding = false
      this.#end(line)
      return
    }
    this.#isEnding = byte === CR
    if (this.#isEnding) return
    const isText = (byte >= 0x20 && byte !== 0x7f) || byte === 0x09
    const max = this.#state === 'trailers' ? MAX_TRAILERS : MAX_LINE
    if (!isText || this.#line.length >= max) throw new MalformedError('Bad line in a chunked body')
    this.#line += String.fromCharCode(byte)
  }

  #end(line: string): void {
    switch (this.#state) {
      case 'size':
        this.#remaining = sizeOf(line)
        this.#state = this.#remaining === 0 ? 'trailers' : 'data'
        return
      case 'data-end':
        if (line !== '') throw new MalformedError('Bad end of a chunk')
        this.#state = 'size'
        return
      case 'trailers':
        if (line === '') this.#state = 'done'
        else this.#passOver(line)
        return
      case 'data':
      case 'done':
    }
  }

  #passOver(trailer: string): void {
    this.#trailers += trailer.length
    if (this.#trailers > MAX_TRAILERS) throw new MalformedError('Too long trailers')
    if (parseFieldLines(['', trailer]) === undefined) throw new MalformedError('Bad trailer')
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array | undefined {
  const [first] = pieces
  if (pieces.length < 2) return first
  const data = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    data.set(piece, at)
    at += piece.length
  }
  return data
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const QUOTED = '"(?:[\\t !#-\\[\\]-~\\x80-\\xFF]|\\\\[\\t -~\\x80-\\xFF])*"'
const EXTENSION = `[\\t ]*;[\\t ]*${TOKEN}(?:[\\t ]*=[\\t ]*(?:${TOKEN}|${QUOTED}))?`
const SIZE = new RegExp(`^([0-9A-Fa-f]{1,8})(?:${EXTENSION})*$`)

function sizeOf(line: string): number {
  const [, digits] = SIZE.exec(line) ?? []
  if (digits === undefined) throw new MalformedError('Bad size of a chunk')
  return Number.parseInt(digits, 16)
}
