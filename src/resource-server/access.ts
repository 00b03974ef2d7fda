import { type AccessGrant, open } from '../grant.ts'
import { type Challenge, formatChallenge } from '../oauth/challenge.ts'
import { OFFLINE } from '../oauth/scope.ts'
import { isOAuthServer, type Server } from '../registry.ts'
import type { Exchange } from '../request/exchange.ts'
import { respondWithJson } from '../request/respond.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'

/** Whether a request may come in at a server, and the credential it then takes upstream. */
export type Admission =
  | { readonly kind: 'admitted'; readonly authorization: string | undefined }
  | { readonly kind: 'challenged'; readonly error?: 'invalid_token' }

/** The bearer token of a request, if it is one well-formed credential (RFC 6750 §2.1). */
export function readBearer({ headers }: Request): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.get('authorization') ?? '')?.[1]
}

/** Decides admission; a refused credential is never tried as anything else (CVE-2026-59822). */
export async function admit(
  { request }: Exchange,
  server: Server,
  { sealer, store }: { readonly sealer: Sealer; readonly store: Store },
): Promise<Admission> {
  if (!isOAuthServer(server)) return { kind: 'admitted', authorization: undefined }
  const token = readBearer(request)
  if (token === undefined) {
    return request.headers.has('authorization')
      ? { kind: 'challenged', error: 'invalid_token' }
      : { kind: 'challenged' }
  }
  if (server.auth.tokens === 'passthrough') {
    return { kind: 'admitted', authorization: `Bearer ${token}` }
  }
  const grant = await openAccessToken(sealer, token, server)
  if (grant === undefined || store.isRevoked(grant.session)) {
    return { kind: 'challenged', error: 'invalid_token' }
  }
  return { kind: 'admitted', authorization: `Bearer ${grant.accessToken}` }
}

async function openAccessToken(
  sealer: Sealer,
  token: string,
  server: Server,
): Promise<AccessGrant | undefined> {
  const opened = await open(sealer, 'access-token', token)
  return opened?.seal.aud === server.name ? opened.grant : undefined
}

/** 401 or 403 with our own challenge, never the upstream's (RFC 9728 §5.1). */
export function respondWithChallenge(
  { endpoints }: Exchange,
  challenge: Pick<Challenge, 'scope' | 'error'> & { readonly mount: string },
): Response {
  const { error, scope, mount } = challenge
  const status = error === 'insufficient_scope' ? 403 : 401
  const value = formatChallenge({
    resourceMetadata: endpoints.protectedResourceMetadata(mount),
    scope: scope.filter((token) => token !== OFFLINE),
    ...(error === undefined ? {} : { error }),
  })
  return respondWithJson(
    {
      error: error ?? 'unauthorized',
      error_description: DESCRIPTIONS[error ?? 'none'],
      detail: 'Unauthorized',
    },
    { status, headers: { 'WWW-Authenticate': value } },
  )
}

const DESCRIPTIONS = {
  none: 'Sign in: the metadata named in WWW-Authenticate says where',
  invalid_token: 'The token is unknown, expired or for another server: sign in again',
  insufficient_scope: 'The token does not cover this: sign in again with the scope named',
}
