import type { Dependencies } from './app.ts'
import { createApprovals } from './authorization-server/approval.ts'
import { createAuthorizeEndpoint } from './authorization-server/authorize.ts'
import { createCallbackEndpoint } from './authorization-server/callback.ts'
import { createClientResolver } from './authorization-server/client.ts'
import { createClientDocumentReader } from './authorization-server/client-metadata-document.ts'
import { createConsentEndpoint } from './authorization-server/consent.ts'
import { createAuthorizationServerMetadataEndpoint, jwks } from './authorization-server/metadata.ts'
import { createRegisterEndpoint } from './authorization-server/register.ts'
import { createRevokeEndpoint } from './authorization-server/revoke.ts'
import { createFlowStarter } from './authorization-server/start-flow.ts'
import { createTokenEndpoint } from './authorization-server/token.ts'
import type { ErrorStyle } from './error-response.ts'
import { createGatewayEndpoint } from './gateway/forward.ts'
import { BUILT_IN_CALLBACKS } from './oauth/client-callbacks.ts'
import { createTokenRevoker } from './oauth-client/revocation-request.ts'
import { createTokenRequester } from './oauth-client/token-request.ts'
import type { Endpoint } from './request/exchange.ts'
import { isLoopbackHostname } from './request/host.ts'
import { createRateLimit } from './request/rate-limit.ts'
import { createProtectedResourceMetadataEndpoint } from './resource-server/metadata.ts'
import { createDerivedSecrets } from './sealing/derived-secret.ts'
import { createSealer } from './sealing/sealer.ts'

/** An endpoint, the paths it is at, and who may ask it how. */
export interface Route {
  readonly paths: readonly string[]
  readonly methods: readonly string[]
  readonly endpoint: Endpoint
  readonly style: ErrorStyle
  /** Whether pages of any origin may read the answers (CORS). */
  readonly isOpenToBrowsers: boolean
  /** False where the endpoint has something to check before the method. */
  readonly checksMethod?: false
}

const MOUNTS = ['/mcp', '/mcp/:server', '/:server/mcp']
const ISSUERS = ['', '/:server', '/mcp/:server', '/:server/mcp']
const NAMED = ['', '/:server']
/** For each network: hosted clients register for all their users from a few addresses. */
const REGISTRATIONS_A_MINUTE = 120

/** The route table: one line for each URL. */
export function createRoutes(deps: Dependencies): readonly Route[] {
  const all = createAllEndpoints(deps)
  const get = { methods: ['GET'], style: 'json', isOpenToBrowsers: true } as const
  const post = { methods: ['POST'], style: 'json', isOpenToBrowsers: true } as const
  const page = { style: 'page', isOpenToBrowsers: false } as const
  return [
    {
      ...get,
      paths: wellKnown('oauth-protected-resource', ['', ...MOUNTS]),
      endpoint: all.resourceMetadata,
    },
    {
      ...get,
      paths: wellKnown('oauth-authorization-server', ISSUERS),
      endpoint: all.serverMetadata,
    },
    { ...get, paths: wellKnown('openid-configuration', ISSUERS), endpoint: all.serverMetadata },
    { ...get, paths: at('jwks', NAMED), endpoint: jwks },
    { ...post, paths: at('register', NAMED), endpoint: all.register },
    {
      ...page,
      methods: ['GET'],
      paths: at('authorize', [...ISSUERS, '/:server/root']),
      endpoint: all.authorize,
    },
    { ...page, methods: ['POST'], paths: at('consent', NAMED), endpoint: all.consent },
    { ...page, methods: ['GET'], paths: at('callback', NAMED), endpoint: all.callback },
    { ...post, paths: at('token', NAMED), endpoint: all.token },
    { ...post, paths: at('revoke', NAMED), endpoint: all.revoke },
    {
      ...get,
      methods: ['GET', 'POST', 'DELETE'],
      paths: [...MOUNTS, ...MOUNTS.map((mount) => `${mount}/messages/:message`)],
      endpoint: all.gateway,
      checksMethod: false,
    },
  ]
}

function at(name: string, prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => `${prefix}/${name}`)
}

/** Inserted between host and path as RFC 8414 §3.1 has it, and appended to the path. */
function wellKnown(name: string, paths: readonly string[]): string[] {
  const both = paths.flatMap((path) => [
    `/.well-known/${name}${path}`,
    `${path}/.well-known/${name}`,
  ])
  return [...new Set(both)]
}

function createAllEndpoints(deps: Dependencies) {
  const { config, registry, store, upstream } = deps
  const { allowedRedirectUris, consent, registration } = config
  const issuing = createIssuing(deps)
  const { sealer, secrets } = issuing
  const startFlow = createFlowStarter(sealer)
  const approvals = createApprovals(sealer, consent)
  const requestToken = createTokenRequester(deps.fetch)
  const revokeToken = createTokenRevoker(deps.fetch, deps.log)
  const { resolveClient } = issuing
  return {
    resourceMetadata: createProtectedResourceMetadataEndpoint(registry),
    serverMetadata: createAuthorizationServerMetadataEndpoint(registry),
    register: createRegisterEndpoint({
      isWithinLimit: createRateLimit(REGISTRATIONS_A_MINUTE, deps.now),
      registry,
      sealer,
      secrets,
      registration,
      allowedRedirectUris,
    }),
    authorize: createAuthorizeEndpoint({
      registry,
      sealer,
      startFlow,
      approvals,
      resolveClient,
      allowedRedirectUris,
      consent,
    }),
    consent: createConsentEndpoint({ registry, sealer, store, startFlow, approvals }),
    callback: createCallbackEndpoint({ registry, sealer, store }),
    token: createTokenEndpoint({ ...issuing, registry, requestToken, renewals: new Map() }),
    revoke: createRevokeEndpoint({ ...issuing, registry, revokeToken }),
    gateway: createGatewayEndpoint({
      registry,
      sealer,
      store,
      upstream,
      allowedOrigins: createAllowedOrigins(config.allowedRedirectUris),
      isLocal: isLocal(deps),
    }),
  }
}

/** What token and revocation endpoint share: sealing, sessions and clients. */
function createIssuing(deps: Dependencies) {
  const { config, store, fetchPublic } = deps
  const sealer = createSealer(deps)
  const readClientDocument = createClientDocumentReader(deps)
  return {
    sealer,
    store,
    fetchPublic,
    secrets: createDerivedSecrets(deps.keys),
    sessionLimits: config.session,
    seconds: () => Math.floor(deps.now() / 1000),
    resolveClient: createClientResolver({ sealer, clients: config.clients, readClientDocument }),
  }
}

/** Pages of the clients that codes may go to. */
function createAllowedOrigins(allowedRedirectUris: readonly string[]): ReadonlySet<string> {
  const uris = [...BUILT_IN_CALLBACKS.map(({ redirectUri }) => redirectUri), ...allowedRedirectUris]
  const web = uris.filter((uri) => uri.startsWith('https://') && URL.canParse(uri))
  return new Set(web.map((uri) => new URL(uri).origin))
}

function isLocal({ config }: Dependencies): boolean {
  const isPublic = config.publicUrl !== undefined || config.allowedHosts.length > 0
  const { host } = config.listen
  return !isPublic && (host === '::1' || isLoopbackHostname(host))
}
