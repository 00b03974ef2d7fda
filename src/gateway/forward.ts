import { issue, open } from '../grant.ts'
import type { Log } from '../log.ts'
import { parseBearerChallenge } from '../oauth/challenge.ts'
import { parseScope } from '../oauth/scope.ts'
import type { Providers } from '../oauth-client/providers.ts'
import type { TokenFailure } from '../oauth-client/token-cache.ts'
import { isOAuthServer, type Registry, type Server } from '../registry.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound } from '../request/respond.ts'
import {
  type AdmittedAs,
  admit,
  readBearer,
  respondWithChallenge,
  respondWithKeyChallenge,
} from '../resource-server/access.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'
import { describeFailure, respondWithCredentialFailure, respondWithGatewayError } from './errors.ts'
import { createEndpointRewriter } from './event-stream.ts'
import { createResponseHeaders, isEventStream } from './headers.ts'
import { isAllowedOrigin } from './origin.ts'
import { sendUpstream } from './send.ts'
import type { Upstream, UpstreamResponse } from './upstream.ts'
import { type CredentialSources, findCredential } from './upstream-credential.ts'

const METHODS = ['GET', 'POST', 'DELETE']
const ALLOW = 'GET, POST, DELETE, OPTIONS'
const MESSAGE_LIFETIME = 24 * 3600 // seconds

interface Dependencies extends CredentialSources {
  readonly registry: Registry
  readonly providers: Providers
  readonly sealer: Sealer
  readonly store: Store
  readonly upstream: Upstream
  readonly log: Log
  readonly allowedOrigins: ReadonlySet<string>
  /** Whether the listener is one that only this machine should reach. */
  readonly isLocal: boolean
}

/** One request on its way to the server it means. */
interface Forwarding {
  readonly exchange: Exchange
  readonly server: Server
  /** The path below B that stands for the server, `/gh/mcp`, `/mcp/gh` or `/mcp`. */
  readonly mount: string
  readonly url: string
}

/** The gateway: an MCP endpoint of ours, carried to the server behind it. */
export function createGatewayEndpoint(deps: Dependencies): Endpoint {
  return async (exchange) => {
    const forwarding = await resolve(deps, exchange)
    if (forwarding === undefined) return notFound()
    const { server } = forwarding
    if (!isAllowedOrigin(exchange, server, deps)) return respondWithGatewayError('foreign-origin')
    const admission = await admit(exchange, server, deps)
    if (admission.kind === 'challenged') return challenge(deps, forwarding, admission.error)
    const refusal = checkMethodAndType(exchange.request)
    return refusal ?? forward(deps, forwarding, admission.identity)
  }
}

/** 401 with whatever a client can do about it. */
function challenge(
  { providers }: Dependencies,
  { exchange, server, mount }: Forwarding,
  error: 'invalid_token' | undefined,
): Response {
  if (!isOAuthServer(server)) return respondWithKeyChallenge(error)
  const { provider } = server.access
  // The sign-in that now follows will need to know the provider.
  void providers.find(provider)
  return respondWithChallenge(exchange, {
    scope: providers.peek(provider).scopes,
    mount,
    ...(error === undefined ? {} : { error }),
  })
}

async function resolve(deps: Dependencies, exchange: Exchange): Promise<Forwarding | undefined> {
  const [mount = '', message] = exchange.path.split('/messages/', 2)
  const token = exchange.serverName === undefined ? readBearer(exchange.request) : undefined
  const artifact = await open(deps.sealer, 'access-token', token ?? '')
  const server = resolveServer(
    { registry: deps.registry, base: exchange.base },
    { path: exchange.serverName, artifact: artifact?.seal.aud },
  )
  if (server === undefined) return undefined
  if (message === undefined) {
    return { exchange, server, mount, url: withQuery(server.url, exchange.url.search) }
  }
  const endpoint = await open(deps.sealer, 'message-endpoint', message)
  if (endpoint?.seal.aud !== server.name) return undefined
  return { exchange, server, mount, url: endpoint.grant.url }
}

/** The configured URL with the client's query behind its own; no path of the client's reaches it. */
function withQuery(url: string, search: string): string {
  if (search === '') return url
  return url.includes('?') ? `${url}&${search.slice(1)}` : `${url}${search}`
}

function checkMethodAndType({ method, headers }: Request): Response | undefined {
  if (!METHODS.includes(method)) return respondWithGatewayError('wrong-method', { Allow: ALLOW })
  const mediaType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  // A page may send text/plain to us without asking the browser first (THREATS T66).
  if (method === 'POST' && mediaType !== 'application/json')
    return respondWithGatewayError('wrong-type')
  return undefined
}

async function forward(
  deps: Dependencies,
  forwarding: Forwarding,
  identity: AdmittedAs,
): Promise<Response> {
  const { exchange, server, url } = forwarding
  const { request } = exchange
  const credential = await findCredential(server, identity, deps)
  if (credential.kind === 'failed') return failWithoutCredential(deps, server, credential.failure)
  const sent = await sendUpstream(deps.upstream, { request, server, url, credential })
  if (sent.kind === 'answered') return answer(deps, forwarding, sent.response)
  if ('failure' in sent) return failWithoutCredential(deps, server, sent.failure)
  return respondWithGatewayError(sent.reason)
}

function failWithoutCredential({ log }: Dependencies, server: Server, failure: TokenFailure) {
  log('warning', 'No upstream credential', {
    server: server.name,
    cause: describeFailure(failure),
  })
  return respondWithCredentialFailure(server, failure)
}

async function answer(
  deps: Dependencies,
  forwarding: Forwarding,
  response: UpstreamResponse,
): Promise<Response> {
  const { exchange, server } = forwarding
  const { status } = response
  const refusal = refusalOf(deps, forwarding, response)
  if (refusal !== undefined) {
    await response.body?.cancel()
    return refusal
  }
  // In true_passthrough it is the upstream that says how to come in.
  const isTransparent = server.access.kind === 'upstream'
  const headers = createResponseHeaders(response.headers, isTransparent ? ['www-authenticate'] : [])
  const isLegacyStream = exchange.request.method === 'GET' && isEventStream(headers)
  const body = isLegacyStream ? rewriteEndpoint(deps, forwarding, response.body) : response.body
  return new Response(isBodyless(status) ? null : body, { status, headers })
}

/** What is answered in place of an upstream's refusal or redirect. */
function refusalOf(
  deps: Dependencies,
  forwarding: Forwarding,
  response: UpstreamResponse,
): Response | undefined {
  const { status } = response
  if (status >= 300 && status < 400 && status !== 304) return respondWithGatewayError('redirect')
  if (status !== 401 && status !== 403) return undefined
  switch (forwarding.server.credential.kind) {
    case 'user':
      return refuseUser(deps, forwarding, response)
    case 'static':
    case 'machine':
    case 'exchange':
      return status === 401 ? respondWithGatewayError('refused-credential') : undefined
    default:
      return undefined
  }
}

/** A user whose token was refused signs in again, or for more. */
function refuseUser(
  deps: Dependencies,
  forwarding: Forwarding,
  response: UpstreamResponse,
): Response | undefined {
  const { server, exchange, mount } = forwarding
  if (!isOAuthServer(server)) return undefined
  if (response.status === 401) return challenge(deps, forwarding, 'invalid_token')
  const scope = insufficientScope(response)
  if (scope === undefined) return undefined
  deps.providers.learnScopes(server.access.provider, scope)
  return respondWithChallenge(exchange, { error: 'insufficient_scope', scope, mount })
}

function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** The scopes that a 403 asks for, if it is for want of scope (RFC 6750 §3.1). */
function insufficientScope({ headers }: UpstreamResponse): readonly string[] | undefined {
  const header = headers.find(([name]) => name.toLowerCase() === 'www-authenticate')?.[1]
  const challenge = parseBearerChallenge(header ?? '')
  if (challenge?.get('error') !== 'insufficient_scope') return undefined
  return parseScope(challenge.get('scope'))
}

function rewriteEndpoint(
  { sealer }: Dependencies,
  { exchange, server, mount }: Forwarding,
  body: ReadableStream<Uint8Array> | null,
) {
  const rewriter = createEndpointRewriter(async (endpoint) => {
    const target = URL.canParse(endpoint, server.url) ? new URL(endpoint, server.url) : undefined
    if (target?.origin !== new URL(server.url).origin) return undefined
    const sealed = await issue(sealer, 'message-endpoint', {
      server: server.name,
      lifetime: MESSAGE_LIFETIME,
      grant: { url: target.href },
    })
    return exchange.endpoints.resource(`${mount}/messages/${sealed}`)
  })
  return body?.pipeThrough(rewriter) ?? null
}
