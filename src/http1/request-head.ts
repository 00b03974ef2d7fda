import { type FieldLines, hasToken, parseFieldLines, valuesOf } from './field-lines.ts'
import { type Framing, frameRequest } from './framing.ts'

/** The head of a request, each part as it came. */
export interface RequestMessage {
  readonly method: string
  readonly target: string
  readonly lines: FieldLines
  readonly framing: Exclude<Framing, { kind: 'close' }>
  /** HTTP/1.0, whose clients know no chunks (RFC 9112 §7). */
  readonly isOld: boolean
  /** Whether the client sends no further request on this connection (RFC 9112 §9.3). */
  readonly isLast: boolean
  /** Whether the client waits with its body until it is asked for it (RFC 9110 §10.1.1). */
  readonly isExpecting: boolean
}

/** What is no request, and the status that says why. */
export interface Malformed {
  readonly kind: 'malformed'
  readonly status: 400 | 417 | 505
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7E]+) HTTP\/(\d\.\d)$/

/** Parses a head, one character for each byte and without the empty line that ends it (RFC 9112 §2 and §3). */
export function parseRequestHead(
  text: string,
): ({ readonly kind: 'request' } & RequestMessage) | Malformed {
  const rows = text.split('\r\n')
  const [, method = '', target = '', version = ''] = REQUEST_LINE.exec(rows[0] ?? '') ?? []
  if (method === '') return malformed(400)
  if (version !== '1.1' && version !== '1.0') return malformed(505)
  const lines = parseFieldLines(rows)
  if (lines === undefined) return malformed(400)
  const read = readLines(lines, version === '1.0')
  return read.kind === 'malformed' ? read : { ...read, method, target, lines }
}

/** What the lines say of the body and the connection. */
function readLines(
  lines: FieldLines,
  isOld: boolean,
):
  | ({ readonly kind: 'request' } & Omit<RequestMessage, 'method' | 'target' | 'lines'>)
  | Malformed {
  const framing = frameRequest(lines, isOld ? 0 : 1)
  if (framing === undefined) return malformed(400)
  const expected = isOld ? [] : valuesOf(lines, 'expect')
  const isExpecting = hasToken(expected, '100-continue')
  if (expected.length > 0 && !isExpecting) return malformed(417)
  const isLast = isOld || hasToken(valuesOf(lines, 'connection'), 'close')
  return { kind: 'request', framing, isOld, isLast, isExpecting }
}

function malformed(status: Malformed['status']): Malformed {
  return { kind: 'malformed', status }
}
