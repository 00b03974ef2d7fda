import type { LookupFunction } from 'node:net'
import { Agent, fetch as undiciFetch } from 'undici'

/** A fetch that trusts one certificate authority more, and how to end its connections. */
export function createTlsFetch(
  ca: string,
  options: { readonly isLocal?: boolean; readonly isHttp2?: boolean } = {},
): {
  readonly fetch: typeof globalThis.fetch
  close(): Promise<void>
} {
  const { isLocal = false, isHttp2 = false } = options
  const dispatcher = new Agent({
    allowH2: isHttp2,
    connect: { ca, ...(isLocal ? { lookup: everythingIsHere } : {}) },
  })
  return {
    // undici's own types of the same web standards.
    fetch: ((input: string | URL, init: object) =>
      undiciFetch(input, { ...init, dispatcher })) as unknown as typeof globalThis.fetch,
    close: () => dispatcher.close(),
  }
}

/** Every name is this machine's. */
const everythingIsHere: LookupFunction = (_name, { all }, callback) => {
  if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
