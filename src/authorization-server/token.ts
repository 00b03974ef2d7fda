import { open } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import type { RedeemGrant } from '../oauth-client/redeem-grant.ts'
import type { SessionTokens } from '../oauth-client/session-tokens.ts'
import { isOAuthServer, type OAuthServer, type Registry } from '../registry.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import { readForm } from '../request/oauth-body.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound, respondWithJson } from '../request/respond.ts'
import { redeemCode } from './authorization-code-grant.ts'
import { checkResource } from './authorization-request.ts'
import { type AuthenticationDependencies, authenticateClient } from './client-authentication.ts'
import { redeemRefreshToken } from './refresh-token-grant.ts'
import type { Issuing } from './tokens.ts'

/** What the grants need besides the request. */
export interface TokenDependencies extends Issuing, AuthenticationDependencies {
  readonly registry: Registry
  readonly redeemGrant: RedeemGrant
  readonly sessionTokens: SessionTokens
  /** The renewals under way, by server and refresh token. */
  readonly renewals: Map<string, Promise<unknown>>
}

/** A token request whose client and server are known. */
export interface TokenRequest {
  readonly form: Parameters
  /** What grants of the client are bound to. */
  readonly clientId: string
  readonly server: OAuthServer
}

/** `POST …/token` (RFC 6749 §3.2). */
export function createTokenEndpoint(deps: TokenDependencies): Endpoint {
  return async (exchange) => {
    const form = await readForm(exchange.request)
    if (exchange.url.search !== '') {
      throw new OAuthError('invalid_request', 'Send the parameters in the body, not in the URL')
    }
    const server = await resolve(deps, exchange, form)
    if (server === undefined) return notFound()
    const client = await authenticateClient({ exchange, form, server }, deps)
    checkResource(form.get('resource'), { registry: deps.registry, server, base: exchange.base })
    const body = await redeem(deps, { form, clientId: client.key, server })
    return respondWithJson(body, { headers: { Pragma: 'no-cache' } })
  }
}

async function resolve(
  deps: TokenDependencies,
  { base, serverName }: Exchange,
  form: Parameters,
): Promise<OAuthServer | undefined> {
  const artifact =
    (await open(deps.sealer, 'code', form.get('code') ?? '')) ??
    (await open(deps.sealer, 'refresh-token', form.get('refresh_token') ?? ''))
  const server = resolveServer(
    { registry: deps.registry, base },
    {
      path: serverName,
      resource: form.get('resource'),
      artifact: artifact?.seal.aud,
      clientId: form.get('client_id'),
    },
  )
  return server !== undefined && isOAuthServer(server) ? server : undefined
}

function redeem(deps: TokenDependencies, request: TokenRequest): Promise<unknown> {
  const grantType = request.form.get('grant_type')
  if (grantType === 'authorization_code') return redeemCode(deps, request)
  if (grantType === 'refresh_token') return redeemRefreshToken(deps, request)
  if (grantType === undefined) throw new OAuthError('invalid_request', 'Missing grant_type')
  throw new OAuthError(
    'unsupported_grant_type',
    'Unsupported grant_type: use authorization_code or refresh_token',
  )
}
