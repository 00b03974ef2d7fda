import { type Artifact, issue, open, type RefreshGrant } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { isSameResource } from '../oauth/resource.ts'
import { parseScope } from '../oauth/scope.ts'
import type { RedeemedGrant } from '../oauth-client/redeem-grant.ts'
import type { OAuthServer } from '../registry.ts'
import { checkIdentity } from './identity.ts'
import type { TokenDependencies, TokenRequest } from './token.ts'
import { checkGranted, issueTokens } from './tokens.ts'

const GRACE = 30 // seconds in which a used token still gives the same successor
const RENEWAL_PATIENCE = 20 // seconds; longer than a provider may take

type RefreshToken = Artifact<'refresh-token'>

/** The refresh token grant (RFC 6749 §6). */
export async function redeemRefreshToken(
  deps: TokenDependencies,
  request: TokenRequest,
): Promise<unknown> {
  const refreshToken = request.form.get('refresh_token')
  if (refreshToken === undefined) throw new OAuthError('invalid_request', 'Missing refresh_token')
  if (request.server.access.tokens === 'passthrough') return passOn(deps, request, refreshToken)
  const opened = await open(deps.sealer, 'refresh-token', refreshToken)
  if (opened?.seal.aud !== request.server.name) throw invalidRefreshToken()
  checkBinding(opened.grant, request)
  if (deps.store.isRevoked(opened.grant.session)) throw invalidRefreshToken()
  return (await findSuccessor(deps, opened)) ?? rotate(deps, request, opened)
}

/** In passthrough the client holds the provider's own refresh token. */
async function passOn(
  deps: TokenDependencies,
  { server, form }: TokenRequest,
  refreshToken: string,
): Promise<unknown> {
  const scope = form.get('scope')
  const of = { config: server.access.provider, binding: {} }
  const result = await deps.redeemGrant(of, 'refresh_token', {
    refresh_token: refreshToken,
    ...(scope === undefined ? {} : { scope }),
  })
  return checkGranted(result, server)
}

/**
 * Processes of one client race with one token: within the grace all get the same successor. Later
 * a used token is in a thief's hands, or its successor is, and the whole family ends (RFC 9700 §4.14.2).
 */
async function findSuccessor(deps: TokenDependencies, used: RefreshToken): Promise<unknown> {
  const { jti } = used.seal
  const kept = await deps.store.get(`successor:${jti}`)
  const successor = kept === undefined ? undefined : await open(deps.sealer, 'successor', kept)
  if (successor !== undefined) return successor.grant.response
  if ((await deps.store.get(`used:${jti}`)) === undefined) return undefined
  await deps.store.revoke(used.grant.session, deps.sessionLimits.max)
  throw invalidRefreshToken()
}

/** One renewal at a time for each session, here and on every replica. */
async function rotate(
  deps: TokenDependencies,
  request: TokenRequest,
  used: RefreshToken,
): Promise<unknown> {
  const { jti } = used.seal
  const key = `${request.server.name} ${jti}`
  const running = deps.renewals.get(key)
  if (running !== undefined) return running
  const renewal = renewOnce(deps, request, used).finally(() => deps.renewals.delete(key))
  deps.renewals.set(key, renewal)
  return renewal
}

async function renewOnce(deps: TokenDependencies, request: TokenRequest, used: RefreshToken) {
  const { jti, exp } = used.seal
  const claim = `renewal:${jti}`
  if (!(await deps.store.claim(claim, RENEWAL_PATIENCE))) {
    throw new OAuthError(
      'temporarily_unavailable',
      'Another process renews this session: try again',
    )
  }
  try {
    // The other process may have finished between our look and our claim.
    const successor = await findSuccessor(deps, used)
    if (successor !== undefined) return successor
    const response = await renew(deps, request, used)
    const kept = await issue(deps.sealer, 'successor', {
      server: request.server.name,
      lifetime: GRACE,
      grant: { response },
    })
    await deps.store.put(`used:${jti}`, '1', Math.max(1, exp - deps.seconds()))
    await deps.store.put(`successor:${jti}`, kept, GRACE)
    return response
  } finally {
    await deps.store.release(claim)
  }
}

async function renew(
  deps: TokenDependencies,
  request: TokenRequest,
  { seal, grant }: RefreshToken,
) {
  const { server } = request
  const { clientId, session, resource, since, renewal } = grant
  const result = await renewAtProvider(deps, server, { grant, heldSince: seal.iat })
  const response = checkGranted(result, server)
  const identity = await checkIdentity(server, result, { previous: grant.identity })
  return issueTokens(deps, server, {
    response,
    binding: renewal.kind === 'refresh' ? renewal.binding : {},
    session: {
      clientId,
      session,
      scope: grant.scope,
      since,
      ...(resource === undefined ? {} : { resource }),
      ...(identity === undefined ? {} : { identity }),
    },
    previous: renewal,
    scope: narrowScope(request.form.get('scope'), grant.scope),
  })
}

async function renewAtProvider(
  { sessionTokens }: TokenDependencies,
  server: OAuthServer,
  { grant, heldSince }: { readonly grant: RefreshGrant; readonly heldSince: number },
): Promise<RedeemedGrant> {
  const { renewal, session } = grant
  if (renewal.kind === 'refresh') {
    const { refreshToken, binding } = renewal
    return sessionTokens.refresh(server, { session, heldSince, refreshToken, binding })
  }
  // A token that never expires needs no renewal: the session goes on with it, unless it was revoked.
  if (await sessionTokens.isRefused(session)) return { kind: 'refused', error: 'invalid_grant' }
  return { kind: 'granted', response: { access_token: renewal.accessToken } }
}

function checkBinding(grant: RefreshGrant, { form, clientId }: TokenRequest): void {
  if (grant.clientId !== clientId) throw invalidRefreshToken()
  const resource = form.get('resource')
  if (resource === undefined || grant.resource === undefined) return
  if (!isSameResource(resource, grant.resource)) {
    throw new OAuthError('invalid_target', 'The refresh token is for another resource')
  }
}

/** What was granted, or the part of it that is asked for; clients repeat scopes we never had. */
function narrowScope(requested: string | undefined, granted: readonly string[]): string[] {
  const asked = parseScope(requested).filter((token) => granted.includes(token))
  return asked.length > 0 ? asked : [...granted]
}

function invalidRefreshToken(): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The refresh token is unknown, expired, used up or for another client',
  )
}
