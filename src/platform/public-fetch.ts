import { lookup as resolve } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { readBoundedText } from '../http/bounded-body.ts'
import { isPublicAddress } from '../http/public-address.ts'
import type { FetchPublic, PublicDocument, PublicFetchLimits } from '../http/public-fetch.ts'

/** Who may be fetched from; other than public only in tests. */
interface Trust {
  readonly isAllowed: (address: string) => boolean
  /** A certificate authority in place of the usual ones. */
  readonly ca?: string
}

/** A guarded fetch by node:https, the one client whose look-up all three runtimes let us decide. */
export function createPublicFetch(trust: Trust = { isAllowed: isPublicAddress }): FetchPublic {
  return async (url, limits) => {
    const { protocol, hostname } = new URL(url)
    if (protocol !== 'https:') return failed('not https')
    if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return failed('an address in place of a name')
    try {
      return await read(await send(url, limits, trust), limits)
    } catch (error) {
      return failed(error instanceof Error ? error.message : 'unknown')
    }
  }
}

function failed(cause: string): PublicDocument {
  return { kind: 'failed', cause }
}

function send(
  url: string,
  { timeout }: PublicFetchLimits,
  { isAllowed, ca }: Trust,
): Promise<IncomingMessage> {
  return new Promise((answered, reject) => {
    const asking = request(url, {
      agent: false,
      headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      lookup: createGuardedLookup(isAllowed),
      signal: AbortSignal.timeout(timeout),
      ...(ca === undefined ? {} : { ca }),
    })
    asking.on('error', reject)
    asking.on('response', (response) => {
      // The look-up was asked, but what counts is who answers.
      if (isAllowed(response.socket.remoteAddress ?? '')) return answered(response)
      asking.destroy(new Error('connected to an address that is not public'))
    })
    asking.end()
  })
}

/** One look-up for each connection; all its answers must be public (THREATS T50). */
function createGuardedLookup(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true, family: options.family ?? 0 }, (error, addresses) => {
      if (error !== null) return callback(error, '')
      const [first] = addresses
      const isPublic = addresses.every(({ address }) => isAllowed(address))
      if (first === undefined || !isPublic) {
        return callback(new Error('the name has an address that is not public'), '')
      }
      return options.all === true
        ? callback(null, addresses)
        : callback(null, first.address, first.family)
    })
  }
}

async function read(response: IncomingMessage, limits: PublicFetchLimits): Promise<PublicDocument> {
  const { statusCode, headers } = response
  if (statusCode !== 200) {
    response.destroy()
    return failed(`status ${statusCode}`)
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    response.destroy()
    return failed('an encoded body')
  }
  const text = await readBoundedText(response, limits.maxBytes)
  response.destroy()
  if (text === undefined) return failed('the body is too large')
  const contentType = headers['content-type'] ?? ''
  return { kind: 'fetched', text, contentType, maxAge: maxAgeOf(headers['cache-control'] ?? '') }
}

function maxAgeOf(cacheControl: string): number | undefined {
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return 0
  const [, maxAge] = /(?:^|[,\s])max-age=(\d{1,9})/i.exec(cacheControl) ?? []
  return maxAge === undefined ? undefined : Number(maxAge)
}
