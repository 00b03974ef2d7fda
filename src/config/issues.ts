import type { BaseIssue } from 'valibot'
import type { Mistake, Path } from './mistake.ts'
import { findNearestKey } from './nearest-key.ts'
import { knownKeysAt } from './schema.ts'

/** What a schema found, in words that quote no value. */
export function toMistake(issue: BaseIssue<unknown>, prefix: Path): Mistake {
  const path = [...prefix, ...(issue.path ?? []).map(({ key }) => toKey(key))]
  const isAboutKey = issue.type === 'strict_object' && issue.expected !== 'Object'
  if (!isAboutKey) return { path, message: `Unusable value: ${issue.message}` }
  return { path, message: issue.expected === 'never' ? describeUnknown(path) : 'Missing key' }
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
