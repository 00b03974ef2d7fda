import type { JWK } from 'jose'
import { exportJWK } from 'jose'
import { importPrivateKey } from './oauth-client/client-authentication.ts'
import { isOAuthServer, type OAuthServer, type Registry } from './registry.ts'
import type { DocumentEndpoint } from './request/exchange.ts'
import { notFound, respondWithMetadata } from './request/respond.ts'

/**
 * `GET /{s}/client-metadata.json`: what our client at the server's provider is, for providers that
 * take a document in place of a registration (draft-ietf-oauth-client-id-metadata-document).
 */
export function createClientMetadataEndpoint(registry: Registry): DocumentEndpoint {
  return async (exchange) => {
    const server = registry.findByName(exchange.serverName ?? '')
    if (server === undefined || !isOAuthServer(server)) return notFound()
    // A client that is registered there is described there.
    if (server.access.provider.client !== undefined) return notFound()
    const { endpoints } = exchange
    return respondWithMetadata(exchange, {
      client_id: endpoints.clientMetadata(server.name),
      client_name: `mcp-oauth-proxy for ${server.name}`,
      client_uri: endpoints.base,
      redirect_uris: [endpoints.callback(server.name, server.access.callback)],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...(await authenticationMembersOf(server)),
    })
  }
}

async function authenticationMembersOf({ access }: OAuthServer) {
  const { privateKey } = access.provider
  if (privateKey === undefined) return { token_endpoint_auth_method: 'none' }
  const { key, keyId, algorithm } = await importPrivateKey(privateKey)
  const { kty, crv, x, y, n, e } = await exportJWK(key)
  const members = Object.entries({ kty, crv, x, y, n, e, alg: algorithm, kid: keyId })
  const jwk: JWK = Object.fromEntries(members.filter(([, value]) => value !== undefined))
  return {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: algorithm,
    jwks: { keys: [jwk] },
  }
}
