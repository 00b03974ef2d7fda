import { type CodeGrant, open } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { checkCodeVerifier } from '../oauth/pkce.ts'
import { isSameResource } from '../oauth/resource.ts'
import { checkIdentity } from './identity.ts'
import type { TokenDependencies, TokenRequest } from './token.ts'
import { checkGranted, issueTokens } from './tokens.ts'

const CLAIM_LIFETIME = 120 // seconds; twice a code's own life

/** The authorization code grant (RFC 6749 §4.1.3): our code, and the provider's inside it. */
export async function redeemCode(deps: TokenDependencies, request: TokenRequest): Promise<unknown> {
  const { server, clientId, form } = request
  const code = form.get('code')
  if (code === undefined) throw new OAuthError('invalid_request', 'Missing code')
  const opened = await open(deps.sealer, 'code', code)
  if (opened === undefined || opened.seal.aud !== server.name) throw invalidCode()
  const { grant, seal } = opened
  // All that can be judged here is judged before anything is consumed (THREATS T25).
  checkBinding(grant, request)
  await checkCodeVerifier(form.get('code_verifier'), grant.codeChallenge)
  const claim = `code:${seal.jti}`
  if (!(await deps.store.claim(claim, CLAIM_LIFETIME))) {
    // A code shown twice is in a second pair of hands: what came of it ends (OAuth 2.1 §4.1.3).
    await deps.store.revoke(seal.jti, deps.sessionLimits.max)
    throw invalidCode()
  }
  const of = { config: server.access.provider, binding: grant.binding }
  const result = await deps.redeemGrant(of, 'authorization_code', {
    code: grant.providerCode,
    redirect_uri: grant.providerRedirectUri,
    code_verifier: grant.codeVerifier,
  })
  if (result.kind === 'unavailable') await deps.store.release(claim)
  const response = checkGranted(result, server)
  const identity = await checkIdentity(server, result, grant.nonce)
  const session = { clientId, session: seal.jti, scope: grant.scope, since: deps.seconds() }
  const { resource, binding } = grant
  return issueTokens(deps, server, {
    response,
    binding,
    session: {
      ...session,
      ...(resource === undefined ? {} : { resource }),
      ...(identity === undefined ? {} : { identity }),
    },
    previous: undefined,
  })
}

function checkBinding(grant: CodeGrant, { form, clientId }: TokenRequest): void {
  if (grant.clientId !== clientId) throw invalidCode()
  // OAuth 2.1 clients leave redirect_uri out; one that is sent must be the very same string.
  const redirectUri = form.get('redirect_uri')
  if (redirectUri !== undefined && redirectUri !== grant.redirectUri) throw invalidCode()
  const resource = form.get('resource')
  if (resource === undefined || grant.resource === undefined) return
  if (!isSameResource(resource, grant.resource)) {
    throw new OAuthError('invalid_target', 'The code is for another resource')
  }
}

function invalidCode(): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The code is unknown, expired, used up or for another client',
  )
}
