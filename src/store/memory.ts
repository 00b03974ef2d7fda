import { LRUCache } from 'lru-cache'
import type { Store } from './store.ts'

const MAX_CLAIMS = 100_000
const MAX_TEXTS = 50_000
const MAX_REVOCATIONS = 100_000

interface Kept {
  readonly text: string
  readonly until: number
}

/** A store for a single process; it forgets at restart. `now` in milliseconds. */
export function createMemoryStore(now: () => number): Store {
  const claims = new LRUCache<string, number>({ max: MAX_CLAIMS })
  const texts = new LRUCache<string, Kept>({ max: MAX_TEXTS })
  const revocations = new LRUCache<string, number>({ max: MAX_REVOCATIONS })
  const isAhead = (until: number | undefined) => until !== undefined && now() < until
  return {
    async claim(id, seconds) {
      if (isAhead(claims.get(id))) return false
      claims.set(id, now() + seconds * 1000)
      return true
    },
    async release(id) {
      claims.delete(id)
    },
    async put(id, text, seconds) {
      texts.set(id, { text, until: now() + seconds * 1000 })
    },
    async get(id) {
      const kept = texts.get(id)
      return isAhead(kept?.until) ? kept?.text : undefined
    },
    async revoke(session, seconds) {
      revocations.set(session, now() + seconds * 1000)
    },
    isRevoked: (session) => isAhead(revocations.get(session)),
  }
}
