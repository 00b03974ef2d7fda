import { issue, open } from '../grant.ts'
import { parseBearerChallenge } from '../oauth/challenge.ts'
import { parseScope } from '../oauth/scope.ts'
import { isOAuthServer, type Registry, type Server } from '../registry.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound } from '../request/respond.ts'
import { admit, readBearer, respondWithChallenge } from '../resource-server/access.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'
import { respondWithGatewayError } from './errors.ts'
import { createEndpointRewriter } from './event-stream.ts'
import { createRequestHeaders, createResponseHeaders, isEventStream } from './headers.ts'
import { isAllowedOrigin } from './origin.ts'
import { readRequestBody } from './request-body.ts'
import { type Upstream, UpstreamError, type UpstreamResponse } from './upstream.ts'

const METHODS = ['GET', 'POST', 'DELETE']
const ALLOW = 'GET, POST, DELETE, OPTIONS'
const MESSAGE_LIFETIME = 24 * 3600 // seconds

interface Dependencies {
  readonly registry: Registry
  readonly sealer: Sealer
  readonly store: Store
  readonly upstream: Upstream
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
    const { server, mount } = forwarding
    if (!isAllowedOrigin(exchange, server, deps)) return respondWithGatewayError('foreign-origin')
    const admission = await admit(exchange, server, deps)
    if (admission.kind === 'challenged') {
      return respondWithChallenge(exchange, { ...admission, scope: scopesOf(server), mount })
    }
    const refusal = checkMethodAndType(exchange.request)
    return refusal ?? forward(deps, forwarding, admission.authorization)
  }
}

function scopesOf(server: Server): readonly string[] {
  return isOAuthServer(server) ? server.auth.scopes : []
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
  authorization: string | undefined,
): Promise<Response> {
  const { exchange, server, url } = forwarding
  const { request } = exchange
  const abort = new AbortController()
  let isTooLarge = false
  const body = await readRequestBody(request, () => {
    isTooLarge = true
    abort.abort()
  })
  if (body.kind === 'too-large') return respondWithGatewayError('too-large')
  try {
    const response = await deps.upstream({
      url,
      method: request.method,
      headers: createRequestHeaders(request.headers, { ...server, authorization }),
      body: body.content,
      signal: AbortSignal.any([request.signal, abort.signal]),
    })
    return await answer(deps, forwarding, response)
  } catch (error) {
    if (isTooLarge) return respondWithGatewayError('too-large')
    if (error instanceof UpstreamError) return respondWithGatewayError(error.reason)
    throw error
  }
}

async function answer(
  deps: Dependencies,
  forwarding: Forwarding,
  response: UpstreamResponse,
): Promise<Response> {
  const { exchange, server, mount } = forwarding
  const { status } = response
  if (status === 401 && isOAuthServer(server)) {
    await response.body?.cancel()
    return respondWithChallenge(exchange, {
      error: 'invalid_token',
      scope: scopesOf(server),
      mount,
    })
  }
  if (status >= 300 && status < 400 && status !== 304) {
    await response.body?.cancel()
    return respondWithGatewayError('redirect')
  }
  const scope = status === 403 ? insufficientScope(response) : undefined
  if (scope !== undefined) {
    await response.body?.cancel()
    return respondWithChallenge(exchange, { error: 'insufficient_scope', scope, mount })
  }
  const headers = createResponseHeaders(response.headers)
  const isLegacyStream = exchange.request.method === 'GET' && isEventStream(headers)
  const body = isLegacyStream ? rewriteEndpoint(deps, forwarding, response.body) : response.body
  return new Response(isBodyless(status) ? null : body, { status, headers })
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
