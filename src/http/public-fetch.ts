import type { FetchGuarded } from './guarded-fetch.ts'
import { isIpLiteral, isPublicAddress } from './public-address.ts'

/** A document fetched from a public address. */
export type PublicDocument =
  | {
      readonly kind: 'fetched'
      readonly text: string
      readonly contentType: string
      /** How long it may be kept, in seconds, if its server said so. */
      readonly maxAge: number | undefined
    }
  /** Why not is for the log only: to a stranger all failures look alike. */
  | { readonly kind: 'failed'; readonly cause: string }

/**
 * Fetches what a stranger named: GET over https, 200 only, no redirect, no decoding, and only from
 * addresses that are public (THREATS T49 to T52).
 */
export type FetchPublic = (url: string, limits: PublicFetchLimits) => Promise<PublicDocument>

/** Bounds of one fetch. */
export interface PublicFetchLimits {
  /** Bytes of the body. */
  readonly maxBytes: number
  /** Milliseconds for all of it. */
  readonly timeout: number
}

/** A fetcher of strangers' documents over a guarded fetch. */
export function createPublicFetch(
  fetchGuarded: FetchGuarded,
  isAllowed: (address: string) => boolean = isPublicAddress,
): FetchPublic {
  return async (url, limits) => {
    const refusal = refusalOf(url)
    if (refusal !== undefined) return { kind: 'failed', cause: refusal }
    const answer = await fetchGuarded({ url, method: 'GET' }, { ...limits, isAllowed })
    if (answer.kind === 'failed') return answer
    if (answer.status !== 200) return { kind: 'failed', cause: `status ${answer.status}` }
    return {
      kind: 'fetched',
      text: answer.text,
      contentType: answer.headers.get('content-type') ?? '',
      maxAge: maxAgeOf(answer.headers.get('cache-control') ?? ''),
    }
  }
}

function refusalOf(url: string): string | undefined {
  if (!/^https:/i.test(url) || !URL.canParse(url)) return 'not https'
  return isIpLiteral(new URL(url).hostname) ? 'an address in place of a name' : undefined
}

function maxAgeOf(cacheControl: string): number | undefined {
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return 0
  const [, maxAge] = /(?:^|[,\s])max-age=(\d{1,9})/i.exec(cacheControl) ?? []
  return maxAge === undefined ? undefined : Number(maxAge)
}
