import { createRandomString } from '../sealing/base64url.ts'

const LIMIT = 1000 // entries

interface Entry<Value> {
  readonly value: Value
  readonly expiresAt: number
}

/** Random strings that stand for a value until they expire, are taken, or are pushed out. */
export interface Tokens<Value> {
  readonly issue: (value: Value) => string
  readonly find: (token: string) => Entry<Value> | undefined
  /** Finds a value and ends its token, so that it works once. */
  readonly take: (token: string) => Value | undefined
}

/** An empty, bounded set of tokens that live so many milliseconds. */
export function createTokens<Value>(lifetime: number, now: () => number): Tokens<Value> {
  const entries = new Map<string, Entry<Value>>()

  function find(token: string) {
    const entry = entries.get(token)
    return entry !== undefined && now() < entry.expiresAt ? entry : undefined
  }

  return {
    find,
    issue: (value) => {
      const token = createRandomString(32)
      entries.set(token, { value, expiresAt: now() + lifetime })
      const [oldest] = entries.keys()
      if (entries.size > LIMIT && oldest !== undefined) entries.delete(oldest)
      return token
    },
    take: (token) => {
      const entry = find(token)
      entries.delete(token)
      return entry?.value
    },
  }
}
