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
import { createClientMetadataEndpoint } from './client-metadata.ts'
import type { Config } from './config/config.ts'
import type { ErrorStyle } from './error-response.ts'
import { type Carriage, createCarriage } from './gateway/carriage.ts'
import type { GatewayDependencies } from './gateway/forwarding.ts'
import { createRefusingEndpoint } from './gateway/refusing-endpoint.ts'
import { createStreamLimit } from './gateway/stream-limit.ts'
import { createPublicFetch } from './http/public-fetch.ts'
import { BUILT_IN_CALLBACKS } from './oauth/client-callbacks.ts'
import { createOwnTokens } from './oauth-client/own-tokens.ts'
import { createProviderClients } from './oauth-client/provider-client.ts'
import { createProviders } from './oauth-client/providers.ts'
import { createAccessFinder, createGrantRedeemer } from './oauth-client/redeem-grant.ts'
import { createTokenRevoker } from './oauth-client/revocation-request.ts'
import { createSessionTokens } from './oauth-client/session-tokens.ts'
import type { Ready } from './ready.ts'
import type { TextAnswer } from './request/answer.ts'
import type { DocumentEndpoint, Endpoint, Exchange, HeadExchange } from './request/exchange.ts'
import { isLoopbackHostname } from './request/host.ts'
import { createAnswerKeeper } from './request/kept-answers.ts'
import { createRateLimit } from './request/rate-limit.ts'
import { createProtectedResourceMetadataEndpoint } from './resource-server/metadata.ts'
import { createDerivedSecrets } from './sealing/derived-secret.ts'
import { createSealer, type Sealer } from './sealing/sealer.ts'

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
  /** Decides on requests by these methods from their heads alone. */
  readonly headEndpoint?: HeadEndpoint
}

/** A request's answer, or that its bytes are to be carried upstream and back. */
export type HeadEndpoint = (exchange: HeadExchange) => Ready<Carriage | TextAnswer>

const MOUNTS = ['/mcp', '/mcp/:server', '/:server/mcp']
const ISSUERS = ['', '/:server', '/mcp/:server', '/:server/mcp']
const NAMED = ['', '/:server']
/** For each network: hosted clients register for all their users from a few addresses. */
const REGISTRATIONS_A_MINUTE = 120

/** The endpoints of this proxy and where they are: one line for each URL. */
export function createRoutes(deps: Dependencies): readonly Route[] {
  const all = createAllEndpoints(deps)
  const post = { methods: ['POST'], style: 'json', isOpenToBrowsers: true } as const
  const page = { style: 'page', isOpenToBrowsers: false } as const
  return [
    document(wellKnown('oauth-protected-resource', ['', ...MOUNTS]), all.resourceMetadata),
    document(wellKnown('oauth-authorization-server', ISSUERS), all.serverMetadata),
    document(wellKnown('openid-configuration', ISSUERS), all.serverMetadata),
    document(at('jwks', NAMED), jwks),
    document(at('client-metadata.json', ['/:server']), all.clientMetadata),
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
      ...post,
      methods: ['GET', 'POST', 'DELETE'],
      paths: [...MOUNTS, ...MOUNTS.map((mount) => `${mount}/messages/:message`)],
      endpoint: all.gateway,
      headEndpoint: all.carriage,
      checksMethod: false,
    },
  ]
}

function document(paths: readonly string[], endpoint: DocumentEndpoint): Route {
  return {
    paths,
    methods: ['GET'],
    endpoint,
    headEndpoint: endpoint,
    style: 'json',
    isOpenToBrowsers: true,
  }
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
  const { config, registry } = deps
  const { allowedRedirectUris, consent, registration } = config
  const issuing = createIssuing(deps)
  const provider = createProviderSide(deps, issuing.sealer)
  const { sealer, secrets, resolveClient } = issuing
  const { providers } = provider
  const mayRegister = createRegistrationPolicy(config)
  const startFlow = createFlowStarter({ ...provider, sealer, mayRegister })
  const approvals = createApprovals(sealer, consent)
  const gateway = createGatewayDependencies(deps, provider, sealer)
  return {
    resourceMetadata: createProtectedResourceMetadataEndpoint(registry, providers),
    serverMetadata: createAuthorizationServerMetadataEndpoint(registry, providers),
    clientMetadata: createClientMetadataEndpoint(registry),
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
      providers,
      allowedRedirectUris,
      consent,
    }),
    consent: createConsentEndpoint({ ...deps, sealer, startFlow, approvals }),
    callback: createCallbackEndpoint({ ...deps, sealer }),
    token: createTokenEndpoint({ ...issuing, ...provider, registry, renewals: new Map() }),
    revoke: createRevokeEndpoint({ ...issuing, ...provider, registry }),
    gateway: createRefusingEndpoint(gateway),
    carriage: (exchange: HeadExchange) => createCarriage(gateway, exchange),
  }
}

function createGatewayDependencies(
  deps: Dependencies,
  provider: ReturnType<typeof createProviderSide>,
  sealer: Sealer,
): GatewayDependencies {
  return {
    ...deps,
    ...provider,
    sealer,
    streams: createStreamLimit(),
    keepAnswer: createAnswerKeeper(),
    allowedOrigins: createAllowedOrigins(deps.config.allowedRedirectUris),
    isLocal: isLocal(deps),
  }
}

/** What token and revocation endpoint share: sealing, sessions and clients. */
function createIssuing(deps: Dependencies) {
  const { config, store, fetchGuarded } = deps
  const sealer = createSealer(deps)
  const fetchPublic = createPublicFetch(fetchGuarded)
  const readClientDocument = createClientDocumentReader({ ...deps, fetchPublic })
  return {
    sealer,
    store,
    fetchPublic,
    secrets: createDerivedSecrets(deps.keys),
    sessionLimits: config.session,
    seconds: secondsOf(deps),
    resolveClient: createClientResolver({ sealer, clients: config.clients, readClientDocument }),
  }
}

function secondsOf({ now }: Dependencies) {
  return () => Math.floor(now() / 1000)
}

/** Our role toward providers. */
function createProviderSide(deps: Dependencies, sealer: Sealer) {
  const { config, store, now, log } = deps
  const providers = createProviders(deps)
  const clients = createProviderClients({ now, log })
  const findAccess = createAccessFinder(providers)
  const redeemGrant = createGrantRedeemer({ providers, clients, findAccess })
  return {
    providers,
    clients,
    findAccess,
    redeemGrant,
    revokeToken: createTokenRevoker(log),
    ownTokens: createOwnTokens({ providers, tokenCache: config.tokenCache, now }),
    sessionTokens: createSessionTokens({
      sealer,
      store,
      redeemGrant,
      lifetime: config.session.idle,
      seconds: secondsOf(deps),
    }),
  }
}

/** Only where nobody else can have chosen the base (THREATS F6): it is configured, or this machine's. */
function createRegistrationPolicy({ publicUrl, allowedHosts }: Config) {
  return ({ base }: Exchange): boolean =>
    publicUrl !== undefined || allowedHosts.length > 0 || isLoopbackHostname(base.hostname)
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
