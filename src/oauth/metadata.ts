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
  const scopes = of.scopes.filter((scope) => scope !== 'offline_access')
  return {
    resource: of.resource,
    authorization_servers: [of.issuer],
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
  }
}

/** The URLs that an authorization server's metadata names. */
export interface AuthorizationServerUrls {
  readonly issuer: string
  readonly authorization: string
  readonly token: string
  readonly registration: string
}

/** Authorization server metadata (RFC 8414 §2, RFC 9207 §3). */
export function createAuthorizationServerMetadata(
  urls: AuthorizationServerUrls,
  scopes: readonly string[],
) {
  return {
    issuer: urls.issuer,
    authorization_endpoint: urls.authorization,
    token_endpoint: urls.token,
    registration_endpoint: urls.registration,
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
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
