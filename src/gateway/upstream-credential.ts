import type { AccessGrant } from '../grant.ts'
import type { OwnTokens } from '../oauth-client/own-tokens.ts'
import type { SessionTokens } from '../oauth-client/session-tokens.ts'
import type { CachedToken, TokenFailure } from '../oauth-client/token-cache.ts'
import { after, type Ready } from '../ready.ts'
import { isOAuthServer, type Server } from '../registry.ts'
import type { AdmittedAs } from '../resource-server/access.ts'
import type { HeaderPair } from './headers.ts'

/** What a request takes upstream. */
export type UpstreamCredential =
  | {
      readonly kind: 'ready'
      readonly headers: readonly HeaderPair[]
      /** Another in place of this one, which upstream refused; absent where there is no other. */
      readonly replace?: () => Promise<UpstreamCredential | undefined>
    }
  | { readonly kind: 'failed'; readonly failure: TokenFailure }

/** Where credentials come from. */
export interface CredentialSources {
  readonly ownTokens: OwnTokens
  readonly sessionTokens: SessionTokens
}

const NOTHING: UpstreamCredential = { kind: 'ready', headers: [] }

/** The upstream credential for somebody who was let in; no I/O where a user's own token goes. */
export function findCredential(
  server: Server,
  identity: AdmittedAs,
  sources: CredentialSources,
): Ready<UpstreamCredential> {
  const { credential } = server
  switch (credential.kind) {
    case 'none':
      return NOTHING
    case 'static':
      return { kind: 'ready', headers: [credential.header] }
    case 'client':
      return carried(identity)
    case 'user':
      return identity.kind === 'session' ? ofSession(server, identity, sources) : carried(identity)
    case 'machine': {
      const get = (refused?: string) => sources.ownTokens.ofMachine(server, credential, refused)
      return after(get(), (found) => ofOwn(found, get))
    }
    case 'exchange': {
      const subjectToken = identity.kind === 'session' ? identity.grant.accessToken : ''
      const get = (refused?: string) =>
        sources.ownTokens.ofUser(server, credential, {
          subjectToken,
          ...(refused === undefined ? {} : { refused }),
        })
      return after(get(), (found) => ofOwn(found, get))
    }
  }
}

/** The client's own, as it came. */
function carried(identity: AdmittedAs): UpstreamCredential {
  if (identity.kind !== 'bearer' || identity.authorization === undefined) return NOTHING
  return { kind: 'ready', headers: [['authorization', identity.authorization]] }
}

function bearer(token: string): readonly HeaderPair[] {
  return [['authorization', `Bearer ${token}`]]
}

function ofOwn(
  found: CachedToken,
  get: (refused: string) => Promise<CachedToken>,
): UpstreamCredential {
  if (found.kind === 'none') return { kind: 'failed', failure: found.failure }
  const { accessToken } = found
  return {
    kind: 'ready',
    headers: bearer(accessToken),
    replace: async () => {
      const other = await get(accessToken)
      if (other.kind === 'none') return { kind: 'failed', failure: other.failure }
      return { kind: 'ready', headers: bearer(other.accessToken) }
    },
  }
}

function ofSession(
  server: Server,
  { grant, since }: Extract<AdmittedAs, { kind: 'session' }>,
  { sessionTokens }: CredentialSources,
): UpstreamCredential {
  const { session, renewal, accessToken } = grant
  const held = { session, heldSince: since, accessToken }
  const token = sessionTokens.newest(held)
  const headers = bearerOf(grant, token)
  if (renewal === undefined || !isOAuthServer(server)) return { kind: 'ready', headers }
  return {
    kind: 'ready',
    headers,
    replace: async () => {
      const other = await sessionTokens.replace(server, { ...held, ...renewal }, token)
      return other === undefined ? undefined : { kind: 'ready', headers: bearer(other) }
    },
  }
}

/** The header of a grant's newest token: the same for each message until the next token. */
function bearerOf(grant: AccessGrant, token: string): readonly HeaderPair[] {
  const known = BEARERS.get(grant)
  if (known?.token === token) return known.headers
  const headers = bearer(token)
  BEARERS.set(grant, { token, headers })
  return headers
}

const BEARERS = new WeakMap<
  AccessGrant,
  { readonly token: string; readonly headers: readonly HeaderPair[] }
>()
