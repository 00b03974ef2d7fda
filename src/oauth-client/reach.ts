import type { FetchGuarded, GuardedLimits, GuardedRequest } from '../http/guarded-fetch.ts'
import { isPrivateAddress, isPublicAddress } from '../http/public-address.ts'

/**
 * What a discovery may connect to: the hosts that the operator wrote down as they are; else the
 * public internet over https; and private addresses only where the MCP server is at one itself.
 */
export interface Reach {
  /** The origins that the operator named. */
  readonly named: ReadonlySet<string>
  readonly isPrivate: boolean
}

type IsAllowed = GuardedLimits['isAllowed']

const anywhere: IsAllowed = () => true
const inside: IsAllowed = (address) => isPrivateAddress(address)
const outside: IsAllowed = (address) => isPublicAddress(address)
const either: IsAllowed = (address) => isPublicAddress(address) || isPrivateAddress(address)

/** Which addresses a URL may lead to, or undefined for one that is not to be fetched at all. */
export function addressesFor(url: string, { named, isPrivate }: Reach): IsAllowed | undefined {
  if (!isPlainUrl(url)) return undefined
  const { protocol, origin } = new URL(url)
  if (named.has(origin)) return anywhere
  if (protocol === 'https:') return isPrivate ? either : outside
  return isPrivate ? inside : undefined
}

const MAX_URL = 2048 // characters

/** An http(s) URL of ordinary characters: no credentials, fragment, quotes or shell (THREATS T55). */
export function isPlainUrl(url: string): boolean {
  return url.length <= MAX_URL && PLAIN.test(url) && URL.canParse(url)
}

/** An @ may stand in a path (`/@scope/name`); before it, it would make another host of the authority. */
const PLAIN = /^https?:\/\/[A-Za-z0-9\-._~:[\]%]+(?:[/?][A-Za-z0-9\-._~:/?@[\]!&*+,;=%]*)?$/i

/** A `fetch` for the endpoints that a discovery found: bounded, guarded, without redirects. */
export function createReachingFetch(
  fetchGuarded: FetchGuarded,
  reach: Reach,
  limits: { readonly maxBytes: number; readonly timeout: number },
): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const isAllowed = addressesFor(request.url, reach)
    if (isAllowed === undefined) throw new Error('the address may not be asked')
    const answer = await fetchGuarded(await toGuarded(request), { ...limits, isAllowed })
    if (answer.kind === 'failed') throw new Error(answer.cause)
    const { status, headers } = answer
    return new Response(BODYLESS.has(status) ? null : answer.text, { status, headers })
  }
}

const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])

async function toGuarded(request: Request): Promise<GuardedRequest> {
  const { url } = request
  const headers = Object.fromEntries(request.headers)
  if (request.method !== 'POST') return { url, method: 'GET', headers }
  return { url, method: 'POST', headers, body: await request.text() }
}
