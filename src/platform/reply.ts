import type { AnswerHead } from '../gateway/answer.ts'
import type { HeaderPair } from '../gateway/headers.ts'
import { formatStatusAndFields, isBodyless } from '../http1/format-head.ts'
import type { TextAnswer } from '../request/answer.ts'
import { toBinary } from './to-binary.ts'

const ONE_WRITE = 16 * 1024 // bytes; up to here copying a chunk costs less than writing three times

/** The connection that an answer goes out on. */
export interface ReplyLine {
  /** Text of one character for each byte, or bytes; false when it would rather wait. */
  write(data: string | Uint8Array): boolean
  /** What the head ends in: the date, whether the connection is kept, the empty line. */
  tailOf(isLast: boolean): string
  /** The answer is whole. */
  onAnswered(): void
  destroy(): void
}

/** What of a request decides how it is answered. */
export interface ReplyOptions {
  /** HEAD: the answer is a head alone (RFC 9110 §9.3.2). */
  readonly isHead: boolean
  /** HTTP/1.0: no chunks. */
  readonly isOld: boolean
  /** Whether the connection ends with the answer. */
  readonly isLast: boolean
}

/** The answer to one request on its way out. */
export class Reply {
  /** Called once, when the answer is whole or the client went away. */
  onOver: () => void = NOTHING
  /** Called when more can be written after `write` said no. */
  onDrain: () => void = NOTHING
  #state: 'waiting' | 'open' | 'over' = 'waiting'
  #isWhole = false
  #framing: 'none' | 'plain' | 'chunked' = 'plain'
  #isLast: boolean
  readonly #line: ReplyLine
  readonly #isHead: boolean
  readonly #isOld: boolean

  constructor(line: ReplyLine, { isHead, isOld, isLast }: ReplyOptions) {
    this.#line = line
    this.#isHead = isHead
    this.#isOld = isOld
    this.#isLast = isLast
  }

  /** Whether nothing of it has been written. */
  get isUnwritten(): boolean {
    return this.#state === 'waiting'
  }

  /** Whether all of it has been written. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Whether it is whole, or the client went away. */
  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** The connection ends with this answer, whatever the client wants. */
  closeAfter(): void {
    this.#isLast = true
  }

  /** Writes an answer of our own; one that can not be written ends its connection, and nothing else. */
  writeText(answer: TextAnswer): void {
    if (this.#state !== 'waiting') return
    try {
      const { head, length } = answer.framed
      const { text, status } = answer
      const start = head + this.#tailOf(status)
      if (this.#isHead || length === 0) this.#line.write(start)
      // What is plain ASCII goes out in one piece.
      else if (length === text.length) this.#line.write(start + text)
      else {
        this.#line.write(start)
        this.#line.write(new TextEncoder().encode(text))
      }
      this.#finish()
    } catch {
      this.destroy()
    }
  }

  /** Writes an answer that is all there, framed by its length. */
  writeWhole(head: AnswerHead, content: Uint8Array): void {
    if (this.#state !== 'waiting') return
    const text = this.#format(head)
    if (text === undefined) return
    // What HEAD is answered with may have no length of its own, but never that of nothing (RFC 9110 §8.6).
    const isEmpty = isBodyless(head.status) || (this.#isHead && content.length === 0)
    const length = isEmpty ? '' : `content-length: ${content.length}\r\n`
    const start = text + length + this.#tailOf(head.status)
    if (isEmpty || this.#isHead) this.#line.write(start)
    else this.#writeBehind(start, content)
    this.#finish()
  }

  /** Begins an answer whose body is still to come, of this length in bytes if that is known. */
  open(head: AnswerHead, length: number | undefined): void {
    const text = this.#state === 'waiting' ? this.#format(head) : undefined
    if (text === undefined) return
    this.#state = 'open'
    let framing = ''
    if (this.#isHead || isBodyless(head.status)) this.#framing = 'none'
    else if (length !== undefined) framing = `content-length: ${length}\r\n`
    else if (this.#isOld) this.#isLast = true
    else {
      this.#framing = 'chunked'
      framing = 'transfer-encoding: chunked\r\n'
    }
    this.#line.write(text + framing + this.#tailOf(head.status))
  }

  /** Writes the next bytes of the body; false when it would rather be waited for `onDrain`. */
  write(chunk: Uint8Array): boolean {
    // An empty chunk would be the last one.
    if (this.#state !== 'open' || this.#framing === 'none' || chunk.length === 0) return true
    if (this.#framing === 'plain') return this.#line.write(chunk)
    const size = `${chunk.length.toString(16)}\r\n`
    if (chunk.length <= ONE_WRITE) return this.#line.write(`${size}${toBinary(chunk)}\r\n`)
    this.#line.write(size)
    this.#line.write(chunk)
    return this.#line.write('\r\n')
  }

  /** Ends the body. */
  end(): void {
    if (this.#state !== 'open') return
    if (this.#framing === 'chunked') this.#line.write('0\r\n\r\n')
    this.#finish()
  }

  /** Ends the connection: what was written so far is not the whole answer. */
  destroy(): void {
    this.#line.destroy()
    this.leave()
  }

  /** The client went away. */
  leave(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.onOver()
  }

  #writeBehind(start: string, content: Uint8Array): void {
    if (content.length <= ONE_WRITE) {
      this.#line.write(start + toBinary(content))
      return
    }
    this.#line.write(start)
    this.#line.write(content)
  }

  #finish(): void {
    this.#state = 'over'
    this.#isWhole = true
    this.onOver()
    this.#line.onAnswered()
  }

  /** Undefined, and the connection ended, where it can not be sent. */
  #format(head: AnswerHead): string | undefined {
    try {
      return formatKept(head)
    } catch {
      this.destroy()
      return undefined
    }
  }

  #tailOf(status: number): string {
    // What is left of a body that was too large or too late is not waited for.
    return this.#line.tailOf(this.#isLast || status === 408 || status === 413)
  }
}

const NOTHING = () => undefined

/** Many answers have the same head. */
function formatKept({ status, headers }: AnswerHead): string {
  const known = FORMATTED.get(headers)
  if (known?.status === status) return known.text
  const text = formatStatusAndFields(status, headers)
  FORMATTED.set(headers, { status, text })
  return text
}

const FORMATTED = new WeakMap<
  readonly HeaderPair[],
  { readonly status: number; readonly text: string }
>()
