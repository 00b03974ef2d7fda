import { createProtectedResourceMetadata } from '../oauth/metadata.ts'
import type { Providers } from '../oauth-client/providers.ts'
import { publishedScopes } from '../oauth-client/published-scopes.ts'
import { after } from '../ready.ts'
import { isOAuthServer, type Registry } from '../registry.ts'
import type { DocumentEndpoint, HeadExchange } from '../request/exchange.ts'
import { createAnswerKeeper } from '../request/kept-answers.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound, respondWithMetadata } from '../request/respond.ts'

/** `GET /.well-known/oauth-protected-resource…` (RFC 9728 §3). */
export function createProtectedResourceMetadataEndpoint(
  registry: Registry,
  providers: Providers,
): DocumentEndpoint {
  const keepAnswer = createAnswerKeeper()
  return (exchange) => {
    const { base, path } = exchange
    const server = resolveServer({ registry, base }, { path: exchange.serverName })
    if (server === undefined || !isOAuthServer(server)) return notFound()
    return after(publishedScopes(providers, server), (scopes) =>
      keepAnswer({ base, at: path, of: [server, scopes] }, () =>
        respondWithMetadata(
          exchange,
          createProtectedResourceMetadata({
            resource: exchange.endpoints.resource(resourcePathOf(exchange)),
            issuer: exchange.endpoints.issuer(`/${server.name}`),
            scopes,
          }),
        ),
      ),
    )
  }
}

/** The path below B that a metadata path speaks of; the root document speaks of the root endpoint. */
function resourcePathOf({ path }: HeadExchange): string {
  const named = path.replace('/.well-known/oauth-protected-resource', '')
  return named === '' ? '/mcp' : named
}
