import { LRUCache } from 'lru-cache'
import { issue, open, type ProviderBinding, type RenewedTokens } from '../grant.ts'
import type { OAuthServer } from '../registry.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'
import type { RedeemedGrant, RedeemGrant } from './redeem-grant.ts'

const MAX_SESSIONS = 50_000
const PATIENCE = 20 // seconds for which other replicas leave a renewal to us; longer than a provider may take

/** The provider's tokens of one session, as one of our tokens holds them. */
export interface HeldTokens {
  readonly session: string
  /** When our token was made, in seconds since the epoch. */
  readonly heldSince: number
  readonly accessToken?: string
  readonly refreshToken: string
  readonly binding: ProviderBinding
}

/**
 * The newest provider tokens of each session. A client's tokens name the provider's as they were;
 * where those were renewed behind its back, or for another process of it, this knows the newer ones,
 * so that no refresh token is ever shown twice (RFC 9700 §4.14.2).
 */
export interface SessionTokens {
  /** The access token to go upstream with: a newer one, if there is; without I/O. */
  newest(held: { session: string; heldSince: number; accessToken: string }): string
  /** Renews at the provider for the client's own refresh; one renewal of a session at a time. */
  refresh(server: OAuthServer, held: HeldTokens): Promise<RedeemedGrant>
  /** Remembers that upstream refused the token of a session that has nothing to renew it by. */
  markRefused(session: string): Promise<void>
  isRefused(session: string): Promise<boolean>
  /** An access token in place of one that upstream refused, or undefined where there is none to get. */
  replace(
    server: OAuthServer,
    held: HeldTokens & { readonly accessToken: string },
    refused: string,
  ): Promise<string | undefined>
}

interface Dependencies {
  readonly sealer: Sealer
  readonly store: Store
  readonly redeemGrant: RedeemGrant
  /** Seconds for which a session can still come back. */
  readonly lifetime: number
  /** Now, in seconds since the epoch. */
  readonly seconds: () => number
}

interface Known extends RenewedTokens {
  /** Seconds since the epoch. */
  readonly at: number
}

interface State {
  readonly deps: Dependencies
  readonly known: LRUCache<string, Known>
  /** The last thing that is being done to each session. */
  readonly queue: Map<string, Promise<unknown>>
}

/** The session tokens of this process, shared by way of the store. */
export function createSessionTokens(deps: Dependencies): SessionTokens {
  // Not `max`, for which the cache would take all of its memory now.
  const known = new LRUCache<string, Known>({ maxSize: MAX_SESSIONS, sizeCalculation: () => 1 })
  const state: State = { deps, known, queue: new Map() }
  return {
    newest: ({ session, heldSince, accessToken }) => {
      const known = state.known.get(session)
      return isNewer(known, { heldSince, accessToken }) ? known.accessToken : accessToken
    },
    refresh: (server, held) =>
      inTurn(state, held.session, () => renew(state, server, held)).then(
        (result) => result ?? { kind: 'unavailable', cause: 'another process renews this session' },
      ),
    markRefused: (session) => deps.store.put(`refused:${session}`, '1', deps.lifetime),
    isRefused: async (session) => (await deps.store.get(`refused:${session}`)) !== undefined,
    replace: (server, held, refused) =>
      inTurn(state, held.session, async () => {
        const known = await lookUp(state, held)
        if (known !== undefined && known.accessToken !== refused) return known.accessToken
        const result = await renew(state, server, held)
        return result?.kind === 'granted' ? result.response.access_token : undefined
      }),
  }
}

type Held = Pick<HeldTokens, 'heldSince'> &
  Partial<Pick<HeldTokens, 'accessToken' | 'refreshToken'>>

function isNewer(known: Known | undefined, held: Held): known is Known {
  if (known === undefined) return false
  const { accessToken, refreshToken } = known.replaced
  const isAfter = (own: string | undefined, other: string | undefined) =>
    own !== undefined && own === other
  // Within one second the clock does not tell.
  return (
    known.at > held.heldSince ||
    isAfter(accessToken, held.accessToken) ||
    isAfter(refreshToken, held.refreshToken)
  )
}

/** One after the other for each session. */
async function inTurn<T>({ queue }: State, session: string, act: () => Promise<T>): Promise<T> {
  const before = queue.get(session) ?? Promise.resolve()
  const turn = before.then(act, act)
  queue.set(session, turn)
  try {
    return await turn
  } finally {
    if (queue.get(session) === turn) queue.delete(session)
  }
}

/** What is newer than what the client holds, here or on another replica. */
async function lookUp(
  { deps, known }: State,
  held: Held & { readonly session: string },
): Promise<Known | undefined> {
  const here = known.get(held.session)
  if (isNewer(here, held)) return here
  const text = await deps.store.get(`renewed:${held.session}`)
  const opened = text === undefined ? undefined : await open(deps.sealer, 'renewed', text)
  const there = opened === undefined ? undefined : { ...opened.grant, at: opened.seal.iat }
  return isNewer(there, held) ? there : undefined
}

/** Renews with the newest refresh token there is; undefined while another replica does. */
async function renew(
  state: State,
  server: OAuthServer,
  held: HeldTokens,
): Promise<RedeemedGrant | undefined> {
  const { deps } = state
  const claim = `renewal:${held.session}`
  if (!(await deps.store.claim(claim, PATIENCE))) return undefined
  try {
    const known = await lookUp(state, held)
    const refreshToken = known?.refreshToken ?? held.refreshToken
    const { binding } = held
    const of = { config: server.access.provider, binding }
    const result = await deps.redeemGrant(of, 'refresh_token', { refresh_token: refreshToken })
    if (result.kind !== 'granted') return result
    const { access_token: accessToken, refresh_token: next = refreshToken } = result.response
    const replaced = replacedBy(held, known)
    await remember(state, server, { held, tokens: { replaced, accessToken, refreshToken: next } })
    return { ...result, response: { ...result.response, refresh_token: next } }
  } finally {
    await deps.store.release(claim)
  }
}

/** What the client holds, as far as this renewal or the last one was told. */
function replacedBy(held: HeldTokens, known: Known | undefined): RenewedTokens['replaced'] {
  const accessToken = held.accessToken ?? known?.replaced.accessToken
  const { refreshToken } = held
  return { refreshToken, ...(accessToken === undefined ? {} : { accessToken }) }
}

async function remember(
  { deps, known }: State,
  server: OAuthServer,
  { held, tokens }: { readonly held: HeldTokens; readonly tokens: RenewedTokens },
): Promise<void> {
  known.set(held.session, { ...tokens, at: deps.seconds() })
  const sealed = await issue(deps.sealer, 'renewed', {
    server: server.name,
    lifetime: deps.lifetime,
    grant: tokens,
  })
  await deps.store.put(`renewed:${held.session}`, sealed, deps.lifetime)
}
