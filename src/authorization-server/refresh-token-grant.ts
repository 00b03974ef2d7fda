import { open, type RefreshGrant } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { isSameResource } from '../oauth/resource.ts'
import { parseScope } from '../oauth/scope.ts'
import type { TokenDependencies, TokenRequest } from './token.ts'
import { checkGranted, issueTokens } from './tokens.ts'

/** The refresh token grant (RFC 6749 §6). */
export async function redeemRefreshToken(
  deps: TokenDependencies,
  request: TokenRequest,
): Promise<unknown> {
  const refreshToken = request.form.get('refresh_token')
  if (refreshToken === undefined) throw new OAuthError('invalid_request', 'Missing refresh_token')
  return request.server.auth.tokens === 'passthrough'
    ? passOn(deps, request, refreshToken)
    : renew(deps, request, refreshToken)
}

/** In passthrough the client holds the provider's own refresh token. */
async function passOn(
  deps: TokenDependencies,
  { server, form }: TokenRequest,
  refreshToken: string,
): Promise<unknown> {
  const scope = form.get('scope')
  const result = await deps.requestToken(server.auth.provider, 'refresh_token', {
    refresh_token: refreshToken,
    ...(scope === undefined ? {} : { scope }),
  })
  return checkGranted(result, server)
}

async function renew(
  deps: TokenDependencies,
  request: TokenRequest,
  refreshToken: string,
): Promise<unknown> {
  const { server } = request
  const opened = await open(deps.sealer, 'refresh-token', refreshToken)
  if (opened === undefined || opened.seal.aud !== server.name) throw invalidRefreshToken()
  const { grant } = opened
  checkBinding(grant, request)
  const { clientId, session, resource } = grant
  const scope = narrowScope(request.form.get('scope'), grant.scope)
  return issueTokens(deps.sealer, server, {
    response: await renewAtProvider(deps, request, grant),
    session: { clientId, session, scope, ...(resource === undefined ? {} : { resource }) },
    previous: grant.renewal,
  })
}

async function renewAtProvider(
  deps: TokenDependencies,
  { server }: TokenRequest,
  { renewal }: RefreshGrant,
) {
  // A token that never expires needs no renewal: the session goes on with it.
  if (renewal.kind === 'keep') return { access_token: renewal.accessToken }
  const result = await deps.requestToken(server.auth.provider, 'refresh_token', {
    refresh_token: renewal.refreshToken,
  })
  return checkGranted(result, server)
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
    'The refresh token is unknown, expired or for another client',
  )
}
