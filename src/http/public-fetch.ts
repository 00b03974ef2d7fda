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
 * addresses that are public, checked on the address that is connected to (THREATS T49 to T52).
 */
export type FetchPublic = (url: string, limits: PublicFetchLimits) => Promise<PublicDocument>

/** Bounds of one fetch. */
export interface PublicFetchLimits {
  /** Bytes of the body. */
  readonly maxBytes: number
  /** Milliseconds for all of it. */
  readonly timeout: number
}
