const MAX_STREAMS = 32 // for each session, or each network where there is none (THREATS T84)

/** Counts the streams that are open for somebody. */
export interface StreamLimit {
  /** Whether one more may be opened. */
  hasRoom(key: string): boolean
  /** Counts a stream until it ends, whoever ends it. */
  count(key: string, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array>
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
    count(key, body) {
      add(key, 1)
      const reader = body.getReader()
      let isOpen = true
      const end = () => {
        if (isOpen) add(key, -1)
        isOpen = false
      }
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          try {
            const { done, value } = await reader.read()
            if (!done) return controller.enqueue(value)
            end()
            controller.close()
          } catch (error) {
            end()
            controller.error(error)
          }
        },
        cancel(reason) {
          end()
          return reader.cancel(reason)
        },
      })
    },
  }
}
