import { issue } from '../grant.ts'
import { parseBearerChallenge } from '../oauth/challenge.ts'
import { parseScope } from '../oauth/scope.ts'
import { isOAuthServer } from '../registry.ts'
import {
  type AdmittedAs,
  respondWithChallenge,
  respondWithKeyChallenge,
} from '../resource-server/access.ts'
import { respondWithGatewayError } from './errors.ts'
import { createEndpointRewriter } from './event-stream.ts'
import { type Forwarding, type GatewayDependencies, streamKeyOf } from './forwarding.ts'
import { createResponseHeaders, isEventStream } from './headers.ts'
import type { UpstreamResponse } from './upstream.ts'

const MESSAGE_LIFETIME = 30 * 24 * 3600 // seconds; the bearer token decides admission

/** 401 with whatever a client can do about it. */
export function challenge(
  { providers }: GatewayDependencies,
  { exchange, server, mount }: Forwarding,
  error: 'invalid_token' | undefined,
): Response {
  if (!isOAuthServer(server)) return respondWithKeyChallenge(error)
  const { provider } = server.access
  // The sign-in that now follows will need to know the provider.
  providers.find(provider).catch(() => undefined)
  return respondWithChallenge(exchange, {
    scope: providers.peek(provider).scopes,
    mount,
    ...(error === undefined ? {} : { error }),
  })
}

/** The upstream's answer on its way to the client, or ours in place of it. */
export async function answer(
  deps: GatewayDependencies,
  { forwarding, identity }: { readonly forwarding: Forwarding; readonly identity: AdmittedAs },
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
  const isListening = exchange.request.method === 'GET' && isEventStream(headers)
  const body = isListening
    ? listen(deps, { forwarding, identity, headers }, response.body)
    : response.body
  return new Response(isBodyless(status) ? null : body, { status, headers })
}

/** What is answered in place of an upstream's refusal or redirect. */
function refusalOf(
  deps: GatewayDependencies,
  forwarding: Forwarding,
  response: UpstreamResponse,
): Response | undefined {
  const { status } = response
  if (status < 200 || status > 599) return respondWithGatewayError('nonsense')
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
  deps: GatewayDependencies,
  forwarding: Forwarding,
  response: UpstreamResponse,
): Response | undefined {
  const { server, exchange, mount } = forwarding
  if (!isOAuthServer(server)) return undefined
  if (response.status === 401) {
    // Perhaps it has another provider by now: the sign-in that follows asks again.
    deps.providers.forget(server.access.provider)
    return challenge(deps, forwarding, 'invalid_token')
  }
  const scope = insufficientScope(response)
  if (scope === undefined) return undefined
  deps.providers.learnScopes(server.access.provider, scope)
  return respondWithChallenge(exchange, { error: 'insufficient_scope', scope, mount })
}

/** A stream that a client listens on: counted, and its first event looked at, if that can be read. */
function listen(
  deps: GatewayDependencies,
  of: {
    readonly forwarding: Forwarding
    readonly identity: AdmittedAs
    readonly headers: Headers
  },
  body: ReadableStream<Uint8Array> | null,
): ReadableStream<Uint8Array> | null {
  const { forwarding, identity, headers } = of
  const rewritten = headers.has('content-encoding') ? body : rewriteEndpoint(deps, forwarding, body)
  if (rewritten === null) return null
  return deps.streams.count(streamKeyOf(forwarding.exchange, identity), rewritten)
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
  { sealer }: GatewayDependencies,
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
