import type { RequestHead } from './exchange.ts'

/**
 * Works something out of a head alone, and once: platforms hand over the same head again for the same lines of a
 * client, and whatever came of it is forgotten with it.
 */
export function perHead<Value>(work: (head: RequestHead) => Value): (head: RequestHead) => Value {
  const known = new WeakMap<RequestHead, { readonly value: Value }>()
  return (head) => {
    const found = known.get(head)
    if (found !== undefined) return found.value
    const value = work(head)
    known.set(head, { value })
    return value
  }
}
