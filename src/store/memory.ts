import { LRUCache } from 'lru-cache'
import type { Store } from './store.ts'

const MAX_CLAIMS = 100_000
const MAX_TEXT_SIZE = 64 * 1024 * 1024 // characters of all texts together
const ENTRY_SIZE = 300 // characters that an entry costs besides its text
const MAX_REVOCATIONS = 100_000
const SWEEP_INTERVAL = 30_000 // milliseconds between two looks for what has expired

/** A store that can tell which sessions were ended. */
export interface MemoryStore extends Store {
  /** Ended sessions and the seconds for which that must be known. */
  revocations(): readonly (readonly [session: string, seconds: number])[]
}

/** A store for a single process; it forgets at restart. `now` in milliseconds. */
export function createMemoryStore(now: () => number): MemoryStore {
  const clock = { ttlResolution: 0, perf: { now } }
  // By size and not by `max`, for which the cache would take all of its memory now.
  const one = { sizeCalculation: () => 1, ...clock }
  const claims = new LRUCache<string, true>({ maxSize: MAX_CLAIMS, ...one })
  const revocations = new LRUCache<string, true>({ maxSize: MAX_REVOCATIONS, ...one })
  const texts = new LRUCache<string, string>({
    maxSize: MAX_TEXT_SIZE,
    sizeCalculation: (text, id) => text.length + id.length + ENTRY_SIZE,
    ...clock,
  })
  const sweep = createSweep([claims, revocations, texts], now)
  return {
    async claim(id, seconds) {
      sweep()
      if (claims.has(id)) return false
      claims.set(id, true, { ttl: seconds * 1000 })
      return true
    },
    async release(id) {
      claims.delete(id)
    },
    async put(id, text, seconds) {
      sweep()
      texts.set(id, text, { ttl: seconds * 1000 })
    },
    async get(id) {
      return texts.get(id)
    },
    async revoke(session, seconds) {
      sweep()
      revocations.set(session, true, { ttl: seconds * 1000 })
    },
    isRevoked: (session) => revocations.has(session),
    revocations: () =>
      [...revocations.keys()].map((session) => [
        session,
        revocations.getRemainingTTL(session) / 1000,
      ]),
  }
}

/** Forgets what has expired, at most every so often: nobody may ask for it again. */
function createSweep(caches: readonly { purgeStale(): unknown }[], now: () => number): () => void {
  let swept = now()
  return () => {
    if (now() - swept < SWEEP_INTERVAL) return
    swept = now()
    for (const cache of caches) cache.purgeStale()
  }
}
