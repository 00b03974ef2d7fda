/** Field lines as they came, name and value in turn; a value without the blanks around it. */
export type FieldLines = readonly string[]

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7E\x80-\xFF]*$/

/**
 * Parses the rows of a head below its first one (RFC 9112 §5), or gives undefined: a folded row, a blank before
 * the colon, a bare CR or LF or NUL are read differently by one hop and another.
 */
export function parseFieldLines(rows: readonly string[]): FieldLines | undefined {
  const lines: string[] = []
  for (let at = 1; at < rows.length; at += 1) {
    const row = rows[at] ?? ''
    const colon = row.indexOf(':')
    const name = row.slice(0, Math.max(colon, 0))
    const value = withoutBlanks(row, colon + 1)
    if (!isFieldName(name) || !isFieldValue(value)) return undefined
    lines.push(name, value)
  }
  return lines
}

/** Whether this can be the name of a field (RFC 9110 §5.1). */
export function isFieldName(name: string): boolean {
  return NAME.test(name)
}

/** Whether this can be the value of a field, one character for each byte (RFC 9110 §5.5). */
export function isFieldValue(value: string): boolean {
  return VALUE.test(value)
}

/** By hand: a pattern that drops blanks at the end tries each of many anew. */
function withoutBlanks(row: string, from: number): string {
  let start = from
  let end = row.length
  while (start < end && isBlank(row.charCodeAt(start))) start += 1
  while (end > start && isBlank(row.charCodeAt(end - 1))) end -= 1
  return row.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** The values of all lines of this lower-case name. */
export function valuesOf(lines: FieldLines, name: string): readonly string[] {
  let values: string[] | undefined
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const line = lines[at] ?? ''
    if (line.length !== name.length || line.toLowerCase() !== name) continue
    values ??= []
    values.push(lines[at + 1] ?? '')
  }
  return values ?? NONE
}

const NONE: readonly string[] = []

/** Whether a list of tokens, in however many lines, has this one (RFC 9110 §5.6.1). */
export function hasToken(values: readonly string[], token: string): boolean {
  return values.some((value) =>
    value.split(',').some((one) => withoutBlanks(one, 0).toLowerCase() === token),
  )
}
