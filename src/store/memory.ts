import { LRUCache } from 'lru-cache'
import type { Store } from './store.ts'

const MAX_CLAIMS = 100_000

/** A store for a single process; it forgets at restart. `now` in milliseconds. */
export function createMemoryStore(now: () => number): Store {
  const claims = new LRUCache<string, number>({ max: MAX_CLAIMS })
  return {
    async claim(id, seconds) {
      const until = claims.get(id)
      if (until !== undefined && now() < until) return false
      claims.set(id, now() + seconds * 1000)
      return true
    },
    async release(id) {
      claims.delete(id)
    },
  }
}
