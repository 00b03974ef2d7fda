import type { ServerResponse } from 'node:http'
import type { AnswerHead } from '../gateway/answer.ts'
import type { TextAnswer } from '../request/answer.ts'

/** The header lines of an answer, name and value in turn; with its length in bytes, if that is known and told. */
export function fieldsOf(
  {
    status,
    headers,
  }: { readonly status: number; readonly headers: Iterable<readonly [string, string]> },
  length: number | undefined,
): string[] {
  const fields: string[] = []
  for (const [name, value] of headers) fields.push(name, value)
  if (length !== undefined && !isBodyless(status)) fields.push('content-length', String(length))
  return fields
}

/** Whether answers of this status have no body (RFC 9110 §6.4.1). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** Writes an answer that is all there, framed by its length. */
export function writeWhole(outgoing: ServerResponse, head: AnswerHead, content: Uint8Array): void {
  const { buffer, byteOffset, length } = content
  // Text of one byte a character goes out in one piece with the head; bytes would be a piece of their own.
  const binary = Buffer.from(buffer, byteOffset, length).toString('latin1')
  outgoing.writeHead(head.status, fieldsOf(head, length)).end(binary, 'latin1')
}

/** Writes an answer of our own; one that can not be written ends its connection, and nothing else. */
export function writeText(outgoing: ServerResponse, answer: TextAnswer): void {
  try {
    write(outgoing, answer)
  } catch {
    outgoing.destroy()
  }
}

function write(outgoing: ServerResponse, answer: TextAnswer): void {
  const { text, status } = answer
  const length = Buffer.byteLength(text)
  outgoing.writeHead(status, fieldsOf(answer, length))
  // As above; of what is not plain ASCII, head and text go out in pieces of their own.
  if (length === text.length) outgoing.end(text, 'latin1')
  else outgoing.end(Buffer.from(text))
}
