import type { AuthorizationRequest } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { checkNotRepeated, type Parameters } from '../oauth/parameters.ts'
import { checkCodeChallenge } from '../oauth/pkce.ts'
import { type KnownScopes, resolveScope } from '../oauth/scope.ts'
import type { OAuthServer, Registry } from '../registry.ts'
import type { PublicBase } from '../request/public-base.ts'
import { findByResourcePath, pathBelow } from '../request/resolve-server.ts'
import { type Client, isRedirectUriOf, type ResolveClient } from './client.ts'
import type { AnswerTarget } from './redirect.ts'

const MAX_STATE = 2048 // characters

/** The parameters of an authorization request and those that came more than once. */
export interface Asked {
  readonly parameters: Parameters
  readonly repeated: readonly string[]
}

/** Client and redirect URI: until both are checked, an error may only be shown (RFC 6749 §4.1.2.1). */
export async function checkClientAndRedirectUri(
  { parameters, repeated }: Asked,
  server: OAuthServer,
  policy: { readonly resolveClient: ResolveClient; readonly allowed: readonly string[] },
): Promise<{ readonly client: Client; readonly redirectUri: string }> {
  checkNotRepeated(repeated.filter((name) => name === 'client_id' || name === 'redirect_uri'))
  const client = await policy.resolveClient(parameters.get('client_id'), server)
  const redirectUri = parameters.get('redirect_uri')
  if (redirectUri === undefined) throw new OAuthError('invalid_request', 'Missing redirect_uri')
  if (isRedirectUriOf(client, redirectUri, policy.allowed)) return { client, redirectUri }
  throw new OAuthError(
    'invalid_redirect_uri',
    client.kind === 'shared'
      ? 'The redirect_uri is not known here: add it to allowed_redirect_uris in the configuration of the proxy'
      : 'The redirect_uri is not one that this client registered',
  )
}

/** All else that the client asked for; its errors go to the redirect URI. */
export function checkAuthorizationRequest(
  asked: Asked & { readonly client: Client },
  context: {
    readonly registry: Registry
    readonly server: OAuthServer
    readonly base: PublicBase
    readonly target: AnswerTarget
    readonly provider: KnownScopes
  },
): AuthorizationRequest {
  const { parameters, repeated, client } = asked
  const { target } = context
  checkNotRepeated(repeated)
  checkResponseType(parameters)
  if ((target.state ?? '').length > MAX_STATE) {
    throw new OAuthError(
      'invalid_request',
      `The state is too long: at most ${MAX_STATE} characters`,
    )
  }
  const codeChallenge = checkCodeChallenge(
    parameters.get('code_challenge'),
    parameters.get('code_challenge_method'),
  )
  const resource = parameters.get('resource')
  checkResource(resource, context)
  return {
    clientId: client.key,
    redirectUri: target.redirectUri,
    ...(target.state === undefined ? {} : { state: target.state }),
    codeChallenge,
    ...(resource === undefined ? {} : { resource }),
    scope: resolveScope(parameters.get('scope'), context.provider),
    issuer: target.issuer,
  }
}

function checkResponseType(parameters: Parameters): void {
  const responseType = parameters.get('response_type')
  if (responseType === undefined) throw new OAuthError('invalid_request', 'Missing response_type')
  if (responseType !== 'code') {
    throw new OAuthError('unsupported_response_type', 'Unsupported response_type: use code')
  }
}

/** Throws `invalid_target` for a resource that is not this server (RFC 8707 §2). */
export function checkResource(
  resource: string | undefined,
  { registry, server, base }: { registry: Registry; server: OAuthServer; base: PublicBase },
): void {
  if (resource === undefined) return
  const path = pathBelow(resource, base)
  const isRoot = path === '' || path === '/mcp'
  const meant = isRoot
    ? (registry.findByHost(base.hostname) ?? registry.rootServer)
    : findByResourcePath(registry, path ?? '')
  if (path === undefined || meant !== server) {
    throw new OAuthError('invalid_target', 'The resource is not this MCP server')
  }
}
