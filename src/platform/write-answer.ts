import type { ServerResponse } from 'node:http'
import type { AnswerHead } from '../gateway/answer.ts'
import { fieldsOf, type TextAnswer } from '../request/answer.ts'

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
  const { text, status, framed } = answer
  outgoing.writeHead(status, framed.fields)
  // As above; of what is not plain ASCII, head and text go out in pieces of their own.
  if (framed.length === text.length) outgoing.end(text, 'latin1')
  else outgoing.end(Buffer.from(text))
}
