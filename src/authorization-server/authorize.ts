import type { Config } from '../config/config.ts'
import { type AuthorizationRequest, issue } from '../grant.ts'
import { BUILT_IN_CALLBACKS } from '../oauth/client-callbacks.ts'
import { OAuthError } from '../oauth/error.ts'
import { parseParameters } from '../oauth/parameters.ts'
import { isLoopbackRedirectUri, matchesPattern } from '../oauth/redirect-uri.ts'
import type { Providers } from '../oauth-client/providers.ts'
import { type ClientView, type ConsentWarning, renderConsentPage } from '../pages/consent-page.ts'
import { isOAuthServer, type OAuthServer, type Registry } from '../registry.ts'
import { issuerPathOf } from '../request/endpoints.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound } from '../request/respond.ts'
import { createRandomString } from '../sealing/base64url.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Approvals } from './approval.ts'
import {
  type Asked,
  checkAuthorizationRequest,
  checkClientAndRedirectUri,
} from './authorization-request.ts'
import { type Client, isUnvouched, type ResolveClient } from './client.ts'
import { setCookie } from './cookies.ts'
import { type AnswerTarget, answerClient, createErrorAnswer } from './redirect.ts'
import { type StartFlow, unknownProvider } from './start-flow.ts'

const CONSENT_LIFETIME = 600 // seconds

interface Dependencies {
  readonly registry: Registry
  readonly sealer: Sealer
  readonly startFlow: StartFlow
  readonly allowedRedirectUris: readonly string[]
  readonly consent: Config['consent']
  readonly approvals: Approvals
  readonly resolveClient: ResolveClient
  readonly providers: Providers
}

/** A good request, on its way to the consent page or past it. */
interface Asking {
  readonly exchange: Exchange
  readonly server: OAuthServer
  readonly request: AuthorizationRequest
  readonly client: Client
}

/** `GET …/authorize` (RFC 6749 §4.1.1): to the consent page, or on to the provider. */
export function createAuthorizeEndpoint(deps: Dependencies): Endpoint {
  return async (exchange) => {
    const asked = parseParameters(exchange.url.searchParams)
    const server = resolve(deps.registry, exchange, asked)
    if (server === undefined) return notFound()
    refuseFrames(exchange.request)
    const allowed = [...deps.allowedRedirectUris, ...server.allowedRedirectUris]
    const policy = { resolveClient: deps.resolveClient, allowed }
    const { client, redirectUri } = await checkClientAndRedirectUri(asked, server, policy)
    // From here on the client may be told: its redirect URI is one that it may be told at.
    const target = targetOf(exchange, asked, redirectUri)
    try {
      const provider = await findProvider(deps.providers, server)
      const { registry } = deps
      const context = { registry, base: exchange.base, server, target, provider }
      const request = checkAuthorizationRequest({ ...asked, client }, context)
      const asking = { exchange, server, request, client }
      if (isUnvouched(client, redirectUri, allowed) || !(await isApproved(deps, asking))) {
        return await askForConsent(asking, deps.sealer)
      }
      return await deps.startFlow({ exchange, server, request, status: 307 })
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      const { code, message: description } = error
      return answerClient(createErrorAnswer(target, { code, description }), 302)
    }
  }
}

/** The provider, before the user is asked anything: without it a yes would lead nowhere. */
async function findProvider(providers: Providers, { name, access }: OAuthServer) {
  const found = await providers.find(access.provider)
  if (found.kind === 'found' && found.provider.authorizationUrl !== undefined) return found.provider
  throw unknownProvider(name, found)
}

async function isApproved(deps: Dependencies, asking: Asking): Promise<boolean> {
  return deps.consent === 'never' || deps.approvals.has(asking.exchange, asking)
}

function resolve(
  registry: Registry,
  { base, serverName }: Exchange,
  { parameters }: Asked,
): OAuthServer | undefined {
  const server = resolveServer(
    { registry, base },
    {
      path: serverName,
      resource: parameters.get('resource'),
      clientId: parameters.get('client_id'),
    },
  )
  return server !== undefined && isOAuthServer(server) ? server : undefined
}

/** A sign-in inside somebody's frame is a trap (THREATS T5). */
function refuseFrames({ headers }: Request): void {
  const destination = headers.get('sec-fetch-dest')
  if (destination === 'iframe' || destination === 'frame' || destination === 'object') {
    throw new OAuthError('invalid_request', 'This page can not be shown inside another page')
  }
}

function targetOf(
  { path, endpoints }: Exchange,
  { parameters }: Asked,
  redirectUri: string,
): AnswerTarget {
  const state = parameters.get('state')
  return {
    redirectUri,
    ...(state === undefined ? {} : { state }),
    issuer: endpoints.issuer(issuerPathOf(path)),
  }
}

/** The page, with the request sealed in its form and bound to a cookie of this browser. */
async function askForConsent(asking: Asking, sealer: Sealer): Promise<Response> {
  const { exchange, server, request, client } = asking
  const csrf = createRandomString(16)
  const ticket = await issue(sealer, 'consent', {
    server: server.name,
    lifetime: CONSENT_LIFETIME,
    grant: { request, csrf },
  })
  const headers = new Headers()
  setCookie(headers, exchange, { kind: 'consent', id: csrf, value: '1' })
  const view = {
    serverName: server.name,
    serverUrl: exchange.endpoints.resource(`/${server.name}/mcp`),
    client: describeClient(client, request.redirectUri, server),
    warning: findWarning(client, request.redirectUri),
    redirectUri: request.redirectUri,
    scope: request.scope,
    action: exchange.endpoints.consent(server.name),
    ticket,
  }
  return renderConsentPage(view, headers)
}

/** The callback says more than the id, which many clients share and any could use. */
function describeClient(client: Client, redirectUri: string, { name }: OAuthServer): ClientView {
  const known = BUILT_IN_CALLBACKS.find(({ redirectUri: pattern }) =>
    matchesPattern(pattern, redirectUri),
  )
  if (known !== undefined) return { kind: 'known', name: known.client }
  switch (client.kind) {
    case 'configured':
      return { kind: 'known', name: client.config.name ?? client.id }
    case 'described': {
      const { hostname } = new URL(client.id)
      return { kind: 'verified', name: client.description.name ?? hostname, host: hostname }
    }
    case 'registered':
      return nameOf(client.registration.name, redirectUri)
    case 'shared':
      return nameOf(client.id === name ? undefined : client.id, redirectUri)
  }
}

function nameOf(name: string | undefined, redirectUri: string): ClientView {
  if (name !== undefined) return { kind: 'claimed', name }
  return isLoopbackRedirectUri(redirectUri) ? { kind: 'local' } : { kind: 'unnamed' }
}

/** What the user should know before trusting a name (draft-ietf-oauth-client-id-metadata-document §8.5). */
function findWarning(client: Client, redirectUri: string): ConsentWarning | undefined {
  if (client.kind === 'described' && client.description.redirectUris.every(isLoopbackRedirectUri)) {
    return 'loopback-only'
  }
  const isVouched = client.kind === 'shared' || client.kind === 'configured'
  return isVouched || isLoopbackRedirectUri(redirectUri) ? undefined : 'unknown-host'
}
