/** A request to an address that somebody else named. */
export interface GuardedRequest {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Bounds of one request. */
export interface GuardedLimits {
  /** Whether this IP address may be connected to; asked of every answer of the look-up. */
  isAllowed(address: string): boolean
  /** Bytes of the body; 0 leaves it unread. */
  readonly maxBytes: number
  /** Milliseconds for all of it. */
  readonly timeout: number
}

/** What came back, whatever its status. */
export type GuardedAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Headers
      readonly text: string
      /** The IP address that answered. */
      readonly address: string
    }
  /** Why not is for operators: to a stranger all failures look alike. */
  | { readonly kind: 'failed'; readonly cause: string }

/**
 * Sends one request without following redirects or decoding bodies, and only to addresses that are
 * allowed, checked on the address that is connected to (THREATS T49 to T53). Never rejects.
 */
export type FetchGuarded = (
  request: GuardedRequest,
  limits: GuardedLimits,
) => Promise<GuardedAnswer>
