import { type FieldLines, valuesOf } from './field-lines.ts'

/** How a body's end is found. */
export type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** An answer's body that ends with its connection. */
  | { readonly kind: 'close' }

/** No body. */
export const EMPTY = { kind: 'length', length: 0 } as const
const CHUNKED = { kind: 'chunked' } as const
const CLOSE = { kind: 'close' } as const

/**
 * The framing that a head's lines tell (RFC 9112 §6.3), undefined where they tell of two or of one that two hops could
 * read differently: the next request would be taken for this one's body (THREATS T72). Null where they tell none.
 */
function tell(lines: FieldLines): Exclude<Framing, { kind: 'close' }> | null | undefined {
  const lengths = valuesOf(lines, 'content-length')
  const codings = valuesOf(lines, 'transfer-encoding')
  if (lengths.length + codings.length > 1) return undefined
  const [length] = lengths
  if (length !== undefined)
    return isLength(length) ? { kind: 'length', length: Number(length) } : undefined
  const [coding] = codings
  if (coding === undefined) return null
  return coding.toLowerCase() === 'chunked' ? CHUNKED : undefined
}

function isLength(value: string): boolean {
  return /^\d{1,15}$/.test(value)
}

/** How a request's body is framed; undefined where that is not plain. HTTP/1.0 has no chunks (RFC 9112 §6.1). */
export function frameRequest(
  lines: FieldLines,
  minor: 0 | 1,
): Exclude<Framing, { kind: 'close' }> | undefined {
  const told = tell(lines)
  if (told === null) return EMPTY
  return told?.kind === 'chunked' && minor === 0 ? undefined : told
}

/** How the body of an answer to anything but HEAD is framed; undefined where that is not plain. */
export function frameResponse(
  { status, minor }: { readonly status: number; readonly minor: 0 | 1 },
  lines: FieldLines,
): Framing | undefined {
  // Whatever such a head says of a length is of what it does not bring (RFC 9110 §8.6).
  if (status === 204 || status === 304) return EMPTY
  const told = tell(lines)
  if (told === null) return CLOSE
  return told?.kind === 'chunked' && minor === 0 ? undefined : told
}
