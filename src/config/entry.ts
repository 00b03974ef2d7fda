import type { Mistake, Path } from './mistake.ts'

/** Reads a file that a `…_file` key names, or gives undefined after noting the mistake. */
export type ReadSecret = (path: readonly string[], file: string) => string | undefined

/** One entry of the file while it is read: what is wrong in it is noted where it stands. */
export interface EntryContext {
  readonly path: readonly string[]
  /** Notes what is wrong with a key of the entry. */
  note(key: string, message: string): void
  /** Notes a key that is missing, and what it is. */
  demand(key: string, meaning: string): void
  /** Whether one of these keys is there, if only with a mistake. */
  isThere(...keys: readonly string[]): boolean
  /** The value of a key, or of the file that its `…_file` twin names. */
  readTwin(key: string, value: string | undefined, file: string | undefined): string | undefined
}

/** The context of an entry at a path; `failed` are the keys that are there and wrong. */
export function createEntryContext(of: {
  readonly path: Path
  readonly keys: readonly string[]
  readonly failed: ReadonlySet<string>
  readonly mistakes: Mistake[]
  readonly readSecret: ReadSecret
}): EntryContext {
  const path = of.path.map(String)
  const known = new Set([...of.keys, ...of.failed])
  return {
    path,
    note(key, message) {
      of.mistakes.push({ path: [...path, key], message })
    },
    demand(key, meaning) {
      if (!of.failed.has(key)) of.mistakes.push({ path, message: `Missing ${key}: ${meaning}` })
    },
    isThere: (...keys) => keys.some((key) => known.has(key)),
    readTwin(key, value, file) {
      if (value !== undefined || file === undefined) return value
      return of.readSecret([...path, `${key}_file`], file)
    },
  }
}
