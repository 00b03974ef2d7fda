import { isFieldName, isFieldValue } from './field-lines.ts'
import { reasonOf } from './reasons.ts'

/** A line of a head. */
type FieldPair = readonly [name: string, value: string]

/**
 * The status line and field lines of an answer (RFC 9112 §4 and §5), each with its end, as text of one character for
 * each byte; throws a TypeError for what would be more lines than it says, or none.
 */
export function formatStatusAndFields(status: number, fields: Iterable<FieldPair>): string {
  return `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${formatFields(fields)}`
}

/** The field lines alone. */
export function formatFields(fields: Iterable<FieldPair>): string {
  let text = ''
  for (const [name, value] of fields) {
    if (!isFieldName(name)) throw new TypeError('A header has a name that can not be sent')
    if (!isFieldValue(value)) throw new TypeError(`${name} has a value that can not be sent`)
    text += `${name}: ${value}\r\n`
  }
  return text
}

/** Whether answers of this status end with their head, whatever it says (RFC 9112 §6.3). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 304
}
