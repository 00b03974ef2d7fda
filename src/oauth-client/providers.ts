import { LRUCache } from 'lru-cache'
import type { ProviderConfig } from '../config/config.ts'
import type { FetchGuarded } from '../http/guarded-fetch.ts'
import type { Log } from '../log.ts'
import { after, type Ready } from '../ready.ts'
import { type Discovered, discover } from './discover.ts'
import { DiscoveryError } from './find-authorization-server.ts'
import { mergeProvider, type Provider, providerOf } from './provider.ts'
import { createReachingFetch } from './reach.ts'

const FRESH = 300 // seconds that a discovery is good for
const REST = 10 // seconds between two discoveries that were called stale before their time
const FAILED = 60 // seconds before a failed one is tried again
const MAX_PROVIDERS = 10_000
const MAX_LEARNED = 50 // scopes for each server
const ENDPOINT_LIMITS = { maxBytes: 65_536, timeout: 15_000 } // bytes, milliseconds

/** A provider, or why it is not known. */
export type ProviderResult =
  | { readonly kind: 'found'; readonly provider: Provider }
  | { readonly kind: 'failed'; readonly error: DiscoveryError }

/** What the provider is for: users who sign in, or token requests alone. */
export type ProviderPurpose = 'sign-in' | 'token'

/** The providers of all servers: discovered when first needed, kept, one flight for each. */
export interface Providers {
  find(config: ProviderConfig, purpose?: ProviderPurpose): Ready<ProviderResult>
  /** What is known by now, without asking anybody. */
  peek(config: ProviderConfig): Provider
  /** Has what was discovered looked up again, because the provider answered as if it were stale. */
  forget(config: ProviderConfig): void
  /** Remembers scopes that the MCP server asked for later on. */
  learnScopes(config: ProviderConfig, scopes: readonly string[]): void
}

interface Dependencies {
  readonly fetch: typeof globalThis.fetch
  readonly fetchGuarded: FetchGuarded
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** What one discovery came to. */
interface Kept {
  readonly result: { readonly discovered: Discovered } | { readonly error: DiscoveryError }
  /** Milliseconds since the epoch: until when it counts, and from when it may be called stale. */
  readonly until: number
  readonly restsUntil: number
}

/** All that is remembered of the providers. */
interface State {
  readonly deps: Dependencies
  readonly kept: LRUCache<string, Kept>
  readonly flights: Map<string, Promise<Kept>>
  readonly learned: LRUCache<string, readonly string[]>
  readonly made: WeakMap<ProviderConfig, Made>
}

/** A provider, and what it was made of besides its configuration. */
interface Made {
  readonly provider: Provider
  readonly discovered: Discovered | undefined
  readonly learned: readonly string[]
}

/** The providers over a guarded fetch; nothing is asked before it is needed. */
export function createProviders(deps: Dependencies): Providers {
  // By size and not by `max`, for which the caches would take all of their memory now.
  const bound = { maxSize: MAX_PROVIDERS, sizeCalculation: () => 1 }
  const state: State = {
    deps,
    kept: new LRUCache(bound),
    flights: new Map(),
    learned: new LRUCache(bound),
    made: new WeakMap(),
  }
  return {
    find(config, purpose = 'sign-in') {
      if (isComplete(config, purpose)) return { kind: 'found', provider: toProvider(state, config) }
      return after(lookUp(state, config), ({ result }): ProviderResult => {
        if ('error' in result) return { kind: 'failed', error: result.error }
        return { kind: 'found', provider: toProvider(state, config, result.discovered) }
      })
    },
    peek(config) {
      const result = state.kept.get(config.key)?.result
      const discovered =
        result !== undefined && 'discovered' in result ? result.discovered : undefined
      return toProvider(state, config, discovered)
    },
    forget(config) {
      const kept = state.kept.get(config.key)
      if (kept === undefined) return
      const now = deps.now()
      const until = Math.max(now, kept.restsUntil)
      if (until >= kept.until) return
      state.kept.set(config.key, { ...kept, until, restsUntil: until + REST * 1000 })
    },
    learnScopes(config, scopes) {
      if (scopes.length === 0 || config.scopes.length > 0) return
      const all = new Set([...(state.learned.get(config.key) ?? []), ...scopes])
      state.learned.set(config.key, [...all].slice(-MAX_LEARNED))
    },
  }
}

/** Whether nothing that is needed is left to discover. */
function isComplete(config: ProviderConfig, purpose: ProviderPurpose): boolean {
  const { authorizationUrl, tokenUrl, registrationUrl, client } = config
  if (tokenUrl === undefined) return false
  if (purpose === 'token') return client !== undefined
  return authorizationUrl !== undefined && (client ?? registrationUrl) !== undefined
}

/** Each challenge and each document asks for it, and it seldom changes. */
function toProvider(state: State, config: ProviderConfig, discovered?: Discovered): Provider {
  const learned = state.learned.get(config.key) ?? NOTHING
  const made = state.made.get(config)
  if (made?.learned === learned && made.discovered === discovered) return made.provider
  const provider = makeProvider(state, config, { discovered, learned })
  state.made.set(config, { provider, discovered, learned })
  return provider
}

const NOTHING: readonly string[] = []

function makeProvider(
  { deps }: State,
  config: ProviderConfig,
  { discovered, learned }: Omit<Made, 'provider'>,
): Provider {
  const configured = providerOf(config, deps.fetch, learned)
  if (discovered === undefined) return configured
  const reaching = createReachingFetch(deps.fetchGuarded, discovered.reach, ENDPOINT_LIMITS)
  const written = [config.tokenUrl, config.registrationUrl, config.revocationUrl]
  return mergeProvider(configured, discovered, {
    learned,
    // What the operator wrote down needs no guard.
    fetch: (input, init) =>
      written.includes(String(input)) ? deps.fetch(input, init) : reaching(input, init),
  })
}

function lookUp(state: State, config: ProviderConfig): Ready<Kept> {
  const kept = state.kept.get(config.key)
  if (kept !== undefined && state.deps.now() < kept.until) return kept
  const running = state.flights.get(config.key)
  if (running !== undefined) return running
  const flight = ask(state, config, kept).finally(() => state.flights.delete(config.key))
  state.flights.set(config.key, flight)
  return flight
}

async function ask(state: State, config: ProviderConfig, previous: Kept | undefined) {
  const { fetchGuarded, now, log } = state.deps
  const keep = (result: Kept['result'], seconds: number) => {
    const restsUntil = previous?.restsUntil ?? 0
    const kept = { result, until: now() + seconds * 1000, restsUntil }
    state.kept.set(config.key, kept)
    return kept
  }
  try {
    return keep({ discovered: await discover(config, fetchGuarded) }, FRESH)
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error
    log('warning', 'Provider not discovered', { provider: config.key, cause: error.message })
    // A server that is down for a moment has not changed its provider.
    const isKnown = previous !== undefined && 'discovered' in previous.result
    if (isKnown && error.code === 'unreachable') return keep(previous.result, FAILED)
    return keep({ error }, FAILED)
  }
}
