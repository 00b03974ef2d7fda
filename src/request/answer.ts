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

  constructor(status: number, headers: AnswerHeaders, text: string) {
    this.status = status
    this.headers = headers
    this.text = text
  }
}

/** What endpoints answer: pages and redirects as the web has them, all else as text. */
export type Answer = TextAnswer | Response

/** The same as the web has it. */
export function toResponse(answer: Answer): Response {
  if (answer instanceof Response) return answer
  const headers = answer.headers.map(([name, value]): [string, string] => [name, value])
  return new Response(answer.text, { status: answer.status, headers })
}
