import { formatStatusAndFields, isBodyless } from '../http1/format-head.ts'

/** Header lines of an answer, in their order. */
export type AnswerHeaders = readonly (readonly [name: string, value: string])[]

/**
 * An answer whose text is all there: it is written at once, where the body of a web Response would have to be
 * read first.
 */
export class TextAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly text: string
  #framed: Framed | undefined
  #more: { readonly headers: AnswerHeaders; readonly answer: TextAnswer } | undefined

  constructor(status: number, headers: AnswerHeaders, text: string) {
    this.status = status
    this.headers = headers
    this.text = text
  }

  /** What frames it on the wire, worked out once; throws a TypeError where a header can not be sent. */
  get framed(): Framed {
    this.#framed ??= frame(this)
    return this.#framed
  }

  /** The same with more header lines; the same object for the same lines, since many answers are kept. */
  with(headers: AnswerHeaders): TextAnswer {
    if (this.#more?.headers === headers) return this.#more.answer
    const answer = new TextAnswer(this.status, [...this.headers, ...headers], this.text)
    this.#more = { headers, answer }
    return answer
  }
}

/** Length in bytes, and status line and header lines with that length, as they go over the wire. */
interface Framed {
  readonly length: number
  readonly head: string
}

function frame({ status, headers, text }: TextAnswer): Framed {
  if (isBodyless(status)) return { length: 0, head: formatStatusAndFields(status, headers) }
  const { length } = new TextEncoder().encode(text)
  const own = ['content-length', String(length)] as const
  return { length, head: formatStatusAndFields(status, [...headers, own]) }
}

/** What endpoints answer: pages and redirects as the web has them, all else as text. */
export type Answer = TextAnswer | Response

/** The same as the web has it. */
export function toResponse(answer: Answer): Response {
  if (answer instanceof Response) return answer
  const headers = answer.headers.map(([name, value]): [string, string] => [name, value])
  return new Response(answer.text, { status: answer.status, headers })
}
