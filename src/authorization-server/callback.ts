import { type CodeGrant, type Flow, issue, open } from '../grant.ts'
import { OAuthError, type OAuthErrorCode } from '../oauth/error.ts'
import { type Parameters, parseParameters } from '../oauth/parameters.ts'
import { isOAuthServer, type Registry } from '../registry.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'
import { deleteCookie, readCookie } from './cookies.ts'
import { answerClient, createCodeAnswer, createErrorAnswer } from './redirect.ts'

const CODE_LIFETIME = 60 // seconds
const FLOW_LIFETIME = 600 // seconds

interface Dependencies {
  readonly registry: Registry
  readonly sealer: Sealer
  readonly store: Store
}

/** `GET …/callback`: the provider's answer, passed on to the client as ours (RFC 6749 §4.1.2). */
export function createCallbackEndpoint(deps: Dependencies): Endpoint {
  return async (exchange) => {
    const { parameters, repeated } = parseParameters(exchange.url.searchParams)
    const { flow, server } = await openFlow(deps, exchange, parameters)
    const headers = new Headers()
    deleteCookie(headers, exchange.base, { kind: 'flow', id: flow.state })
    checkIssuer(flow, parameters.get('iss'))
    const providerCode = parameters.get('code')
    if (parameters.has('error') || providerCode === undefined || repeated.length > 0) {
      return answerClient(
        createErrorAnswer(flow.request, mapError(parameters.get('error'))),
        302,
        headers,
      )
    }
    const code = await issue(deps.sealer, 'code', {
      server: server.name,
      lifetime: CODE_LIFETIME,
      grant: createCodeGrant(flow, providerCode),
    })
    return answerClient(createCodeAnswer(flow.request, code), 302, headers)
  }
}

/** The flow that this browser began with this state, good once. */
async function openFlow(deps: Dependencies, exchange: Exchange, parameters: Parameters) {
  const { request, base, serverName } = exchange
  const state = parameters.get('state') ?? ''
  const cookie = readCookie(request, base, { kind: 'flow', id: state })
  const opened = await open(deps.sealer, 'flow', cookie ?? '')
  if (opened === undefined || opened.grant.state !== state) throw unknownFlow()
  const server = findServer(deps.registry, opened.seal.aud, serverName)
  if (server === undefined) throw unknownFlow()
  if (!(await deps.store.claim(`flow:${opened.seal.jti}`, FLOW_LIFETIME))) throw unknownFlow()
  return { flow: opened.grant, server }
}

/** The server that the flow is for, if its provider comes back to the path that this one came to. */
function findServer(registry: Registry, audience: string, pathName: string | undefined) {
  const server = registry.findByName(audience)
  if (server === undefined || !isOAuthServer(server)) return undefined
  if (pathName === undefined) return server.access.callback === 'shared' ? server : undefined
  const isOwn = server.access.callback === 'own' && registry.findByName(pathName) === server
  return isOwn ? server : undefined
}

function unknownFlow(): OAuthError {
  return new OAuthError(
    'invalid_request',
    'No sign-in of this browser is waiting for this answer: start again from your app',
  )
}

/** An answer by another issuer is a mix-up (RFC 9207 §2.4): nothing of it may be used. */
function checkIssuer({ binding, namesIssuer }: Flow, issuer: string | undefined): void {
  const expected = binding.issuer
  if (expected === undefined || (issuer === undefined && !namesIssuer)) return
  if (issuer !== expected) {
    throw new OAuthError('invalid_request', 'The answer is not from the provider of this server')
  }
}

/** Error codes that mean to the client what they mean to us; the rest is between provider and us. */
const PASSED_ON: ReadonlyMap<string, OAuthErrorCode> = new Map([
  ['access_denied', 'access_denied'],
  ['invalid_scope', 'invalid_scope'],
  ['temporarily_unavailable', 'temporarily_unavailable'],
  // OpenID Connect Core §3.1.2.6
  ['consent_required', 'access_denied'],
  ['login_required', 'access_denied'],
  ['interaction_required', 'access_denied'],
])

/** The provider's text is never reflected (THREATS T13). */
function mapError(error: string | undefined) {
  const code = PASSED_ON.get(error ?? '') ?? 'server_error'
  const description =
    code === 'server_error'
      ? 'The provider could not complete the sign-in'
      : 'The provider refused the sign-in'
  return { code, description }
}

function createCodeGrant({ request, ...flow }: Flow, providerCode: string): CodeGrant {
  return {
    clientId: request.clientId,
    redirectUri: request.redirectUri,
    codeChallenge: request.codeChallenge,
    ...(request.resource === undefined ? {} : { resource: request.resource }),
    scope: request.scope,
    providerCode,
    providerRedirectUri: flow.providerRedirectUri,
    codeVerifier: flow.codeVerifier,
    binding: flow.binding,
    ...(flow.nonce === undefined ? {} : { nonce: flow.nonce }),
  }
}
