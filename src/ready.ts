/** A value, or the promise of one: what is known already need not be waited for. */
export type Ready<Value> = Value | Promise<Value>

/** Goes on at once with what is there, and later with what is not: each wait that is spared counts, for every message. */
export function after<Value, Next>(
  value: Ready<Value>,
  next: (value: Value) => Ready<Next>,
): Ready<Next> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** What comes of it, or of the failure in its place, whenever that is. */
export function rescued<Value>(
  work: () => Ready<Value>,
  onFailure: (error: unknown) => Ready<Value>,
): Ready<Value> {
  try {
    const value = work()
    return value instanceof Promise ? value.catch(onFailure) : value
  } catch (error) {
    return onFailure(error)
  }
}
