import { type AuthorizationRequest, type Flow, issue } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { createCodeChallenge } from '../oauth/pkce.ts'
import { createAuthorizationUrl, scopeFor } from '../oauth-client/authorization-url.ts'
import type { Provider } from '../oauth-client/provider.ts'
import type { ProviderClients } from '../oauth-client/provider-client.ts'
import type { ProviderResult, Providers } from '../oauth-client/providers.ts'
import type { OAuthServer } from '../registry.ts'
import type { Exchange } from '../request/exchange.ts'
import { createRandomString } from '../sealing/base64url.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { fitsIntoCookie, setCookie } from './cookies.ts'
import { redirect } from './redirect.ts'

const FLOW_LIFETIME = 600 // seconds

/** Sends the browser to the provider, and binds what comes back to this browser. */
export type StartFlow = (flow: {
  readonly exchange: Exchange
  readonly server: OAuthServer
  readonly request: AuthorizationRequest
  /** 303 after a form, so that it is not sent on to the provider (RFC 9700 §4.12). */
  readonly status: 303 | 307
  readonly headers?: Headers
}) => Promise<Response>

interface Dependencies {
  readonly sealer: Sealer
  readonly providers: Providers
  readonly clients: ProviderClients
  /** Whether a provider may be told of addresses below the base of this request (THREATS F6). */
  mayRegister(exchange: Exchange): boolean
}

/** A starter of flows: our own PKCE and state toward the provider, the rest sealed in a cookie. */
export function createFlowStarter(deps: Dependencies): StartFlow {
  return async ({ exchange, server, request, status, headers = new Headers() }) => {
    const { provider, client, isConfigured } = await findOurClient(deps, {
      exchange,
      server,
      request,
    })
    const flow: Flow = {
      request,
      state: createRandomString(24),
      codeVerifier: createRandomString(32),
      providerRedirectUri: redirectUriOf(exchange, server),
      binding: {
        ...(provider.issuer === undefined ? {} : { issuer: provider.issuer }),
        ...(isConfigured ? {} : { client }),
      },
      namesIssuer: provider.namesIssuer,
      ...(server.access.identity === undefined ? {} : { nonce: createRandomString(16) }),
    }
    const value = await issue(deps.sealer, 'flow', {
      server: server.name,
      lifetime: FLOW_LIFETIME,
      grant: flow,
    })
    if (!fitsIntoCookie(value)) {
      throw new OAuthError(
        'invalid_request',
        'The request is too long: shorten state or redirect_uri',
      )
    }
    setCookie(headers, exchange, { kind: 'flow', id: flow.state, value })
    const location = createAuthorizationUrl(
      { provider, client },
      {
        redirectUri: flow.providerRedirectUri,
        state: flow.state,
        codeChallenge: await createCodeChallenge(flow.codeVerifier),
        scope: request.scope,
        ...(flow.nonce === undefined ? {} : { nonce: flow.nonce }),
      },
    )
    return redirect(location, status, headers)
  }
}

function redirectUriOf({ endpoints }: Exchange, { name, access }: OAuthServer): string {
  return endpoints.callback(name, access.callback)
}

/** The provider, and our client there: configured, described by our document, or registered. */
async function findOurClient(
  { providers, clients, mayRegister }: Dependencies,
  of: {
    readonly exchange: Exchange
    readonly server: OAuthServer
    readonly request: AuthorizationRequest
  },
) {
  const { exchange, server, request } = of
  const found = await providers.find(server.access.provider)
  if (found.kind === 'failed') throw unknownProvider(server.name, found)
  const { provider } = found
  const client = await clients.find(provider, {
    redirectUri: redirectUriOf(exchange, server),
    scope: scopeAtRegistration(provider, request.scope),
    documentUrl: documentUrlOf(exchange, server),
    mayRegister: mayRegister(exchange),
    clientName: `mcp-oauth-proxy for ${server.name}`,
  })
  return { provider, client, isConfigured: provider.config.client !== undefined }
}

/** A registration is for all that may be asked for later, so that it need not change (RFC 7591 §2). */
function scopeAtRegistration(provider: Provider, asked: readonly string[]): string {
  const all = new Set([...provider.scopes, ...asked])
  return scopeFor({ provider, client: { clientId: '', method: 'none' } }, [...all])
}

/** Where the provider can fetch our metadata document: only an https address that is not this machine's. */
function documentUrlOf({ base, endpoints }: Exchange, { name }: OAuthServer): string | undefined {
  const isFetchable = base.origin.startsWith('https:') && /[^\d.\]]$/.test(base.hostname)
  const isHere = /(?:^|\.)localhost$/.test(base.hostname)
  return isFetchable && !isHere ? endpoints.clientMetadata(name) : undefined
}

/** What a client is told when there is no provider to send its user to. */
export function unknownProvider(name: string, found: ProviderResult): OAuthError {
  const cause = found.kind === 'failed' ? found.error.message : 'It has no authorization endpoint'
  const isDown = found.kind === 'failed' && found.error.code === 'unreachable'
  return new OAuthError(
    isDown ? 'temporarily_unavailable' : 'server_error',
    `The provider of ${name} is not known to this proxy: ${cause}`,
    { cause },
  )
}
