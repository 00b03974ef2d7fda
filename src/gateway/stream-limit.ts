const MAX_STREAMS = 32 // for each session, or each network where there is none (THREATS T84)

/** Counts the streams that are open for somebody. */
export interface StreamLimit {
  /** Whether one more may be opened. */
  hasRoom(key: string): boolean
  /** Counts a stream until what it gives is called. */
  count(key: string): () => void
}

/** A limit for streams that a client opens to listen; those that answer a message are not among them. */
export function createStreamLimit(): StreamLimit {
  const open = new Map<string, number>()
  const add = (key: string, change: 1 | -1) => {
    const count = (open.get(key) ?? 0) + change
    if (count > 0) open.set(key, count)
    else open.delete(key)
  }
  return {
    hasRoom: (key) => (open.get(key) ?? 0) < MAX_STREAMS,
    count(key) {
      add(key, 1)
      let isOpen = true
      return () => {
        if (isOpen) add(key, -1)
        isOpen = false
      }
    },
  }
}
