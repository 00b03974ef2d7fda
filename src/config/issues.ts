import type { BaseIssue } from 'valibot'
import type { Mistake, Path } from './document.ts'
import { findNearestKey } from './nearest-key.ts'
import { knownKeysAt } from './schema.ts'

/** What a schema found, in words that quote no value. */
export function toMistake(issue: BaseIssue<unknown>, prefix: Path): Mistake {
  const path = [...prefix, ...(issue.path ?? []).map(({ key }) => toKey(key))]
  if (issue.type !== 'strict_object' || (issue.path ?? []).length === 0) {
    return { path, message: capitalize(issue.message) }
  }
  if (issue.expected !== 'never') return { path, message: 'Missing key' }
  return { path, message: describeUnknown(path) }
}

function toKey(key: unknown): string | number {
  return typeof key === 'number' ? key : String(key)
}

function describeUnknown(path: Path): string {
  const known = knownKeysAt(path.slice(0, -1))
  const nearest = findNearestKey(String(path.at(-1)), known)
  return nearest === undefined
    ? `Unknown key: want one of ${known.join(', ')}`
    : `Unknown key: did you mean ${nearest}?`
}

function capitalize(text: string): string {
  return `Unusable value: ${text}`
}
