import { open, type ProviderBinding } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import type { FindAccess } from '../oauth-client/redeem-grant.ts'
import type { RevokeToken } from '../oauth-client/revocation-request.ts'
import { isOAuthServer, type OAuthServer, type Registry } from '../registry.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import { readForm } from '../request/oauth-body.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound } from '../request/respond.ts'
import { type AuthenticationDependencies, authenticateClient } from './client-authentication.ts'
import type { Issuing } from './tokens.ts'

/** What revocation needs besides the request. */
interface Dependencies extends AuthenticationDependencies, Issuing {
  readonly registry: Registry
  readonly revokeToken: RevokeToken
  readonly findAccess: FindAccess
}

/** A token that was opened: whose it is, and what of the provider's is in it. */
interface Revocable {
  readonly server: string
  readonly clientId: string
  readonly session: string
  readonly providerToken: string
  readonly binding: ProviderBinding
}

/** `POST …/revoke` (RFC 7009): ends the whole session, here and at the provider. */
export function createRevokeEndpoint(deps: Dependencies): Endpoint {
  return async (exchange) => {
    const form = await readForm(exchange.request)
    const token = form.get('token')
    if (token === undefined) throw new OAuthError('invalid_request', 'Missing token')
    const revocable = await openToken(deps, token)
    const server = resolve(deps.registry, exchange, { form, artifact: revocable?.server })
    if (server === undefined) return notFound()
    const client = await authenticateClient({ exchange, form, server }, deps)
    // Of a token that is not this client's nothing is said, and nothing happens (§2.1, §2.2).
    if (revocable?.server === server.name && revocable.clientId === client.key) {
      await deps.store.revoke(revocable.session, deps.sessionLimits.max)
      void revokeAtProvider(deps, server, revocable)
    } else if (server.access.tokens === 'passthrough') {
      void revokeAtProvider(deps, server, { providerToken: token, binding: {} })
    }
    return new Response(null, { status: 200, headers: { 'Cache-Control': 'no-store' } })
  }
}

/** Our own session has ended already, whatever becomes of this. */
async function revokeAtProvider(
  { findAccess, revokeToken }: Dependencies,
  { access }: OAuthServer,
  { providerToken, binding }: Pick<Revocable, 'providerToken' | 'binding'>,
): Promise<void> {
  const found = await findAccess(access.provider, binding)
  if ('provider' in found) await revokeToken(found, providerToken)
}

function resolve(
  registry: Registry,
  { base, serverName }: Exchange,
  { form, artifact }: { form: Parameters; artifact: string | undefined },
): OAuthServer | undefined {
  const hints = { path: serverName, artifact, clientId: form.get('client_id') }
  const server = resolveServer({ registry, base }, hints)
  return server !== undefined && isOAuthServer(server) ? server : undefined
}

/** The kind of token shows by itself, so that a wrong hint does no harm (§2.1). */
async function openToken(deps: Dependencies, token: string): Promise<Revocable | undefined> {
  const refresh = await open(deps.sealer, 'refresh-token', token)
  if (refresh !== undefined) {
    const { clientId, session, renewal } = refresh.grant
    const providerToken = renewal.kind === 'refresh' ? renewal.refreshToken : renewal.accessToken
    const binding = renewal.kind === 'refresh' ? renewal.binding : {}
    return { server: refresh.seal.aud, clientId, session, providerToken, binding }
  }
  const access = await open(deps.sealer, 'access-token', token)
  if (access === undefined) return undefined
  const { clientId, session, accessToken, renewal } = access.grant
  const binding = renewal?.binding ?? {}
  return { server: access.seal.aud, clientId, session, providerToken: accessToken, binding }
}
