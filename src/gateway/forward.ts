import { open } from '../grant.ts'
import type { TokenFailure } from '../oauth-client/token-cache.ts'
import type { Server } from '../registry.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound } from '../request/respond.ts'
import { type AdmittedAs, admit, readBearer } from '../resource-server/access.ts'
import { answer, challenge } from './answer.ts'
import { describeFailure, respondWithCredentialFailure, respondWithGatewayError } from './errors.ts'
import { type Forwarding, type GatewayDependencies, streamKeyOf } from './forwarding.ts'
import { isAllowedOrigin } from './origin.ts'
import { sendUpstream } from './send.ts'
import { findCredential } from './upstream-credential.ts'

const METHODS = ['GET', 'POST', 'DELETE']
const ALLOW = 'GET, POST, DELETE, OPTIONS'
/** The gateway: an MCP endpoint of ours, carried to the server behind it. */
export function createGatewayEndpoint(deps: GatewayDependencies): Endpoint {
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

async function resolve(
  deps: GatewayDependencies,
  exchange: Exchange,
): Promise<Forwarding | undefined> {
  const [mount = '', message] = exchange.path.split('/messages/', 2)
  const token = exchange.serverName === undefined ? readBearer(exchange.request) : undefined
  const artifact = await open(deps.sealer, 'access-token', token ?? '')
  const server = resolveServer(
    { registry: deps.registry, base: exchange.base },
    { path: exchange.serverName, artifact: artifact?.seal.aud },
  )
  if (server === undefined) return undefined
  if (message === undefined) {
    return { exchange, server, mount, url: withQuery(server.url, exchange.search) }
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
  deps: GatewayDependencies,
  forwarding: Forwarding,
  identity: AdmittedAs,
): Promise<Response> {
  const { exchange, server, url } = forwarding
  const { request } = exchange
  const isFull = request.method === 'GET' && !deps.streams.hasRoom(streamKeyOf(exchange, identity))
  if (isFull) return respondWithGatewayError('too-many-streams', { 'Retry-After': '5' })
  const credential = await findCredential(server, identity, deps)
  if (credential.kind === 'failed') return failWithoutCredential(deps, server, credential.failure)
  const sent = await sendUpstream(deps.upstream, { request, server, url, credential })
  if (sent.kind === 'answered') {
    if (sent.response.status === 401) await rememberRefusal(deps, identity)
    return answer(deps, { forwarding, identity }, sent.response)
  }
  if ('failure' in sent) return failWithoutCredential(deps, server, sent.failure)
  return respondWithGatewayError(sent.reason)
}

/** A token that nothing can renew is dead for good: the client's next refresh must say so. */
async function rememberRefusal({ sessionTokens }: GatewayDependencies, identity: AdmittedAs) {
  const isFinal = identity.kind === 'session' && identity.grant.renewal === undefined
  if (isFinal) await sessionTokens.markRefused(identity.grant.session)
}

function failWithoutCredential(
  { log }: GatewayDependencies,
  server: Server,
  failure: TokenFailure,
) {
  log('warning', 'No upstream credential', {
    server: server.name,
    cause: describeFailure(failure),
  })
  return respondWithCredentialFailure(server, failure)
}
