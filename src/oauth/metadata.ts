import { OFFLINE } from './scope.ts'

/** Protected resource metadata (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
}

/** Protected resource metadata; members without entries are left out (RFC 9728 §3.2). */
export function createProtectedResourceMetadata(of: {
  resource: string
  issuer: string
  scopes: readonly string[]
}): ProtectedResourceMetadata {
  const scopes = withoutOffline(of.scopes)
  return {
    resource: of.resource,
    authorization_servers: [of.issuer],
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
  }
}

/** A matter between us and the provider: clients that see it ask for consent each time. */
function withoutOffline(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => scope !== OFFLINE)
}

const AUTHENTICATION_METHODS = [
  'none',
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
]

/** Signatures of client assertions that are accepted (RFC 7523). */
export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']

/** The URLs that an authorization server's metadata names. */
export interface AuthorizationServerUrls {
  readonly issuer: string
  readonly authorization: string
  readonly token: string
  readonly registration: string
  readonly revocation: string
}

/** Authorization server metadata (RFC 8414 §2, RFC 9207 §3). */
export function createAuthorizationServerMetadata(
  urls: AuthorizationServerUrls,
  configured: readonly string[],
) {
  const scopes = withoutOffline(configured)
  return {
    issuer: urls.issuer,
    authorization_endpoint: urls.authorization,
    token_endpoint: urls.token,
    registration_endpoint: urls.registration,
    revocation_endpoint: urls.revocation,
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  }
}

/** What real SDKs require of a document at an `openid-configuration` URL (OpenID Discovery §3). */
export function createOpenIdMembers(jwksUri: string) {
  return {
    jwks_uri: jwksUri,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}
