import { type FieldLines, hasToken, parseFieldLines, valuesOf } from './field-lines.ts'
import { EMPTY, type Framing, frameResponse } from './framing.ts'

/** The head of an answer. */
export interface ResponseMessage {
  readonly status: number
  readonly lines: FieldLines
  readonly framing: Framing
  /** Whether the connection ends with the answer (RFC 9112 §9.3). */
  readonly isLast: boolean
  /** Seconds for which the connection is kept, if that is said. */
  readonly keptFor: number | undefined
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7E\x80-\xFF]*)?$/

/**
 * Parses a head, one character for each byte and without the empty line that ends it (RFC 9112 §2 and §4), of an
 * answer to anything but HEAD; undefined for what is none.
 */
export function parseResponseHead(text: string): ResponseMessage | undefined {
  const rows = text.split('\r\n')
  const [, version, code] = STATUS_LINE.exec(rows[0] ?? '') ?? []
  const lines = code === undefined ? undefined : parseFieldLines(rows)
  if (lines === undefined) return undefined
  const status = Number(code)
  const minor = version === '1' ? 1 : 0
  // An interim answer has no body; and what it says of framing is for nobody (RFC 9110 §15.2).
  const framing = status < 200 ? EMPTY : frameResponse({ status, minor }, lines)
  if (framing === undefined) return undefined
  const isLast =
    minor === 0 || framing.kind === 'close' || hasToken(valuesOf(lines, 'connection'), 'close')
  return { status, lines, framing, isLast, keptFor: keptFor(valuesOf(lines, 'keep-alive')) }
}

function keptFor([value]: readonly string[]): number | undefined {
  const [, seconds] = /\btimeout=(\d{1,6})\b/i.exec(value ?? '') ?? []
  return seconds === undefined ? undefined : Number(seconds)
}
