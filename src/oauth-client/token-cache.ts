import { LRUCache } from 'lru-cache'
import type { TokenCacheConfig } from '../config/config.ts'
import type { TokenResponse, TokenResult } from './token-request.ts'

/** How early a token is renewed behind the requests that use it, as a part of its life. */
const EARLY = 0.2
/** What a provider refused it will refuse again: it is not asked more often. */
const REFUSED = 10 // seconds

/** Why there is no token. */
export type TokenFailure = Exclude<TokenResult, { kind: 'granted' }>

/** A token, or why there is none. */
export type CachedToken =
  | { readonly kind: 'token'; readonly accessToken: string }
  | { readonly kind: 'none'; readonly failure: TokenFailure }

/** Tokens that the proxy fetches for itself. */
export interface TokenCache {
  /** The token of this key; fetched when there is none, by one request however many ask. */
  get(key: string, fetch: () => Promise<TokenResult>): Promise<CachedToken>
  /** As `get`, for somebody whose token was refused: that one is dropped, and only that one. */
  replace(key: string, refused: string, fetch: () => Promise<TokenResult>): Promise<CachedToken>
}

interface Kept {
  readonly result: CachedToken
  /** Milliseconds since the epoch: when it is renewed behind its users, and when it is gone. */
  readonly renewAt: number
  readonly until: number
}

interface State {
  readonly config: TokenCacheConfig
  readonly now: () => number
  readonly kept: LRUCache<string, Kept>
  readonly flights: Map<string, Promise<CachedToken>>
}

type Fetch = () => Promise<TokenResult>

/** A bounded cache; `now` in milliseconds. */
export function createTokenCache(config: TokenCacheConfig, now: () => number): TokenCache {
  const state: State = {
    config,
    now,
    kept: new LRUCache({ max: config.maxSize }),
    flights: new Map(),
  }
  return {
    async get(key, fetch) {
      const kept = state.kept.get(key)
      if (kept === undefined || now() >= kept.until) return fly(state, key, fetch)
      // While the old one is still good nobody waits, and a failure costs nobody anything.
      if (now() >= kept.renewAt) fly(state, key, fetch).catch(() => undefined)
      return kept.result
    },
    async replace(key, refused, fetch) {
      const kept = state.kept.get(key)
      if (kept !== undefined && now() < kept.until && !isToken(kept.result, refused)) {
        return kept.result
      }
      if (!state.flights.has(key)) state.kept.delete(key)
      return fly(state, key, fetch)
    },
  }
}

function isToken(result: CachedToken, accessToken: string): boolean {
  return result.kind === 'token' && result.accessToken === accessToken
}

function fly(state: State, key: string, fetch: Fetch): Promise<CachedToken> {
  const running = state.flights.get(key)
  if (running !== undefined) return running
  const flight = ask(state, key, fetch).finally(() => state.flights.delete(key))
  state.flights.set(key, flight)
  return flight
}

async function ask({ config, now, kept }: State, key: string, fetch: Fetch): Promise<CachedToken> {
  const result = await fetch()
  if (result.kind === 'granted') {
    const token = { kind: 'token', accessToken: result.response.access_token } as const
    const lifetime = lifetimeOf(result.response, config) * 1000
    const until = now() + lifetime
    kept.set(key, { result: token, renewAt: until - lifetime * EARLY, until })
    return token
  }
  const none = { kind: 'none', failure: result } as const
  const previous = kept.get(key)
  const again = now() + REFUSED * 1000
  if (previous?.result.kind === 'token' && now() < previous.until) {
    kept.set(key, { ...previous, renewAt: again })
  } else if (result.kind !== 'unavailable') {
    kept.set(key, { result: none, renewAt: again, until: again })
  }
  return none
}

/** Seconds for which a token is used: its life less a buffer, but never no time at all. */
export function lifetimeOf(
  { expires_in: expiresIn }: TokenResponse,
  { expiryBuffer, minLifetime, defaultLifetime }: TokenCacheConfig,
): number {
  if (expiresIn === undefined) return defaultLifetime
  return Math.max(expiresIn - expiryBuffer, minLifetime)
}
