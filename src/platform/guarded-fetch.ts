import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import { readBoundedText } from '../http/bounded-body.ts'
import type {
  FetchGuarded,
  GuardedAnswer,
  GuardedLimits,
  GuardedRequest,
} from '../http/guarded-fetch.ts'

/** A guarded fetch by node:http and node:https, the clients whose look-up all three runtimes let us decide. */
export function createGuardedFetch(options: { readonly ca?: string } = {}): FetchGuarded {
  return async (request, limits) => {
    const refusal = refusalOf(request.url, limits)
    if (refusal !== undefined) return failed(refusal)
    const signal = AbortSignal.timeout(limits.timeout)
    try {
      return await read(await send(request, limits, { signal, ...options }), limits)
    } catch (error) {
      if (signal.aborted) return failed(`no answer within ${limits.timeout / 1000} s`)
      return failed(error instanceof Error ? error.message : 'unknown')
    }
  }
}

/** An address in place of a name is not looked up, so it is judged here. */
function refusalOf(url: string, { isAllowed }: GuardedLimits): string | undefined {
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return 'neither https nor http'
  const literal = new URL(url).hostname.replace(/^\[|\]$/g, '')
  // Loaded here, since Bun takes long for it.
  const { isIP } = process.getBuiltinModule('node:net')
  return isIP(literal) !== 0 && !isAllowed(literal) ? NOT_ALLOWED : undefined
}

const NOT_ALLOWED = 'an address that is not public'

function failed(cause: string): GuardedAnswer {
  return { kind: 'failed', cause }
}

async function send(
  { url, method, headers, body }: GuardedRequest,
  { isAllowed }: GuardedLimits,
  options: { readonly signal: AbortSignal; readonly ca?: string },
): Promise<IncomingMessage> {
  // Seldom needed, and loading them is much of a start.
  const client = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  return new Promise((answered, reject) => {
    const asking = client.request(url, {
      ...options,
      method,
      agent: false,
      headers: {
        accept: 'application/json',
        ...headers,
        'accept-encoding': 'identity',
        ...(body === undefined ? {} : { 'content-length': new TextEncoder().encode(body).length }),
      },
      lookup: createGuardedLookup(isAllowed),
    })
    asking.on('error', reject)
    asking.on('response', (response) => {
      // The look-up was asked, but what counts is who answers.
      if (isAllowed(response.socket.remoteAddress ?? '')) return answered(response)
      asking.destroy(new Error(`connected to ${NOT_ALLOWED}`))
    })
    asking.end(body)
  })
}

/** One look-up for each connection; all its answers must be allowed (THREATS T50). */
function createGuardedLookup(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    const { lookup } = process.getBuiltinModule('node:dns')
    lookup(hostname, { all: true, family: options.family ?? 0 }, (error, addresses) => {
      if (error !== null) return callback(error, '')
      const [first] = addresses
      const isEach = addresses.every(({ address }) => isAllowed(address))
      if (first === undefined || !isEach) {
        return callback(new Error(`the name has ${NOT_ALLOWED}`), '')
      }
      return options.all === true
        ? callback(null, addresses)
        : callback(null, first.address, first.family)
    })
  }
}

async function read(
  response: IncomingMessage,
  { maxBytes }: GuardedLimits,
): Promise<GuardedAnswer> {
  const { statusCode = 0, headers } = response
  const address = response.socket.remoteAddress ?? ''
  const head = {
    kind: 'answered',
    status: statusCode,
    headers: toHeaders(headers),
    address,
  } as const
  if (maxBytes === 0) {
    response.destroy()
    return { ...head, text: '' }
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    response.destroy()
    return failed('an encoded body')
  }
  const text = await readBoundedText(response, maxBytes)
  response.destroy()
  return text === undefined ? failed('the body is too large') : { ...head, text }
}

function toHeaders(incoming: IncomingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  return headers
}
