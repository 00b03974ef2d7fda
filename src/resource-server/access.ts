import type { AccessKey } from '../config/config.ts'
import { type AccessGrant, open } from '../grant.ts'
import { type Challenge, formatChallenge } from '../oauth/challenge.ts'
import { OFFLINE } from '../oauth/scope.ts'
import { isLetIn } from '../oauth-client/identity.ts'
import { after, type Ready } from '../ready.ts'
import type { Server, SignIn } from '../registry.ts'
import type { TextAnswer } from '../request/answer.ts'
import type { HeadExchange, RequestHead } from '../request/exchange.ts'
import { perHead } from '../request/per-head.ts'
import { respondWithJson } from '../request/respond.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'
import { isAccessKey } from './access-keys.ts'

/** Whether a request may come in at a server, and as whom. */
export type Admission =
  | { readonly kind: 'admitted'; readonly identity: AdmittedAs }
  | { readonly kind: 'challenged'; readonly error?: 'invalid_token' }

/** What is known of who came in; what goes upstream for them is decided elsewhere. */
export type AdmittedAs =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'session'; readonly grant: AccessGrant; readonly since: number }
  /** A credential that only the upstream can judge. */
  | { readonly kind: 'bearer'; readonly authorization: string | undefined }

/** The bearer token of a request, if it is one well-formed credential (RFC 6750 §2.1). */
export const readBearer = perHead(({ headers }) => bearerOf(headers.get('authorization') ?? ''))

function bearerOf(header: string): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1]
}

interface Dependencies {
  readonly sealer: Sealer
  readonly store: Store
}

const ANYONE: Admission = { kind: 'admitted', identity: { kind: 'anyone' } }
const REFUSED: Admission = { kind: 'challenged', error: 'invalid_token' }

/** Decides admission; a refused credential is never tried as anything else (CVE-2026-59822). */
export function admit(
  { request }: HeadExchange,
  server: Server,
  deps: Dependencies,
): Ready<Admission> {
  const { access } = server
  switch (access.kind) {
    case 'open':
      return ANYONE
    case 'upstream': {
      const authorization = request.headers.get('authorization') ?? undefined
      return { kind: 'admitted', identity: { kind: 'bearer', authorization } }
    }
    case 'keys':
      return admitByKey(request, access.keys)
    case 'sign-in':
      return admitByToken(request, { name: server.name, access }, deps)
  }
}

/** LiteLLM's clients send their key beside an `Authorization` that means something else. */
async function admitByKey(
  { headers }: RequestHead,
  keys: readonly AccessKey[],
): Promise<Admission> {
  const own = headers.get('x-litellm-api-key')
  const header = own ?? headers.get('authorization')
  if (header === null) return { kind: 'challenged' }
  const key = bearerOf(header) ?? own ?? ''
  return (await isAccessKey(key, keys)) ? ANYONE : REFUSED
}

function admitByToken(
  request: RequestHead,
  { name, access }: { readonly name: string; readonly access: SignIn },
  { sealer, store }: Dependencies,
): Ready<Admission> {
  const token = readBearer(request)
  if (token === undefined) {
    return request.headers.has('authorization') ? REFUSED : { kind: 'challenged' }
  }
  if (access.tokens === 'passthrough') {
    return {
      kind: 'admitted',
      identity: { kind: 'bearer', authorization: `Bearer ${token}` },
    }
  }
  return after(open(sealer, 'access-token', token), (opened): Admission => {
    if (opened?.seal.aud !== name || store.isRevoked(opened.grant.session)) return REFUSED
    const { grant, seal } = opened
    if (access.identity !== undefined) {
      const { identity } = grant
      if (identity === undefined || !isLetIn(identity, access.identity)) return REFUSED
    }
    return { kind: 'admitted', identity: { kind: 'session', grant, since: seal.iat } }
  })
}

/** 401 where a key of the configuration is asked for: there is no sign-in that a client could begin. */
export function respondWithKeyChallenge(error: 'invalid_token' | undefined): TextAnswer {
  const value = `Bearer realm="mcp-oauth-proxy"${error === undefined ? '' : `, error="${error}"`}`
  return respondWithJson(
    {
      error: error ?? 'unauthorized',
      error_description: 'Send one of the access keys of this server as bearer token',
      detail: 'Unauthorized',
    },
    { status: 401, headers: { 'WWW-Authenticate': value } },
  )
}

/** 401 or 403 with our own challenge, never the upstream's (RFC 9728 §5.1). */
export function respondWithChallenge(
  { endpoints }: HeadExchange,
  challenge: Pick<Challenge, 'scope' | 'error'> & { readonly mount: string },
): TextAnswer {
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
