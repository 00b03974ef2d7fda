import { LRUCache } from 'lru-cache'

const REMEMBERED = 10_000

/** Whether one more request of this key is within the limit. */
export type RateLimit = (key: string) => boolean

/** At most so many requests a minute for each key; `now` in milliseconds. */
export function createRateLimit(perMinute: number, now: () => number): RateLimit {
  const counts = new LRUCache<string, { readonly minute: number; readonly count: number }>({
    // Not `max`, for which the cache would take all of its memory now.
    maxSize: REMEMBERED,
    sizeCalculation: () => 1,
  })
  return (key) => {
    const minute = Math.floor(now() / 60_000)
    const known = counts.get(key)
    const count = known?.minute === minute ? known.count + 1 : 1
    counts.set(key, { minute, count })
    return count <= perMinute
  }
}
