import { createAuthorizationServerMetadata, createOpenIdMembers } from '../oauth/metadata.ts'
import type { Providers } from '../oauth-client/providers.ts'
import { publishedScopes } from '../oauth-client/published-scopes.ts'
import { after, type Ready } from '../ready.ts'
import { isOAuthServer, type OAuthServer, type Registry } from '../registry.ts'
import type { TextAnswer } from '../request/answer.ts'
import type { IssuerPath } from '../request/endpoints.ts'
import type { DocumentEndpoint, HeadExchange } from '../request/exchange.ts'
import { createAnswerKeeper } from '../request/kept-answers.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound, respondWithJson, respondWithMetadata } from '../request/respond.ts'

const WELL_KNOWN = /\/\.well-known\/(?:oauth-authorization-server|openid-configuration)/

/** `GET /.well-known/oauth-authorization-server…` and its OpenID twins (RFC 8414 §3). */
export function createAuthorizationServerMetadataEndpoint(
  registry: Registry,
  providers: Providers,
): DocumentEndpoint {
  const keepAnswer = createAnswerKeeper()
  return (exchange) => {
    const { base, path } = exchange
    const issuerPath = issuerPathOf(exchange)
    const server = resolveServer({ registry, base }, { path: exchange.serverName })
    if (server !== undefined && !isOAuthServer(server)) return notFound()
    if (server === undefined && !(issuerPath === '' && registry.hasSharedRoot)) return notFound()
    return after(scopesOf(providers, server), (scopes) =>
      keepAnswer({ base, at: path, of: [server, scopes] }, () =>
        respondWithMetadata(exchange, describe(exchange, issuerPath, { server, scopes })),
      ),
    )
  }
}

function scopesOf(providers: Providers, server: OAuthServer | undefined): Ready<readonly string[]> {
  return server === undefined ? NO_SCOPES : publishedScopes(providers, server)
}

const NO_SCOPES: readonly string[] = []

/** The path of the issuer that a metadata URL was made from, inserted or appended. */
function issuerPathOf({ path }: HeadExchange): IssuerPath {
  const issuerPath = path.replace(WELL_KNOWN, '')
  return issuerPath === '' ? '' : `/${issuerPath.slice(1)}`
}

function describe(
  { endpoints, path }: HeadExchange,
  issuerPath: IssuerPath,
  { server, scopes }: { server: OAuthServer | undefined; scopes: readonly string[] },
) {
  const document = createAuthorizationServerMetadata(
    {
      issuer: endpoints.issuer(issuerPath),
      authorization: endpoints.authorize(issuerPath, server?.name),
      token: endpoints.token(server?.name),
      registration: endpoints.register(server?.name),
      revocation: endpoints.revoke(server?.name),
    },
    scopes,
  )
  const isOpenId = path.includes('openid-configuration')
  return isOpenId ? { ...document, ...createOpenIdMembers(endpoints.jwks(server?.name)) } : document
}

/** `GET …/jwks`: there are no keys to publish, since nothing here signs for others. */
export function jwks(): TextAnswer {
  return respondWithJson({ keys: [] })
}
