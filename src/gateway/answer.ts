import { parseBearerChallenge } from '../oauth/challenge.ts'
import { parseScope } from '../oauth/scope.ts'
import type { ProviderResult } from '../oauth-client/providers.ts'
import { rescued } from '../ready.ts'
import { isOAuthServer } from '../registry.ts'
import type { TextAnswer } from '../request/answer.ts'
import { allowAnyOrigin, OPEN_TO_BROWSERS } from '../request/cors.ts'
import { respondWithChallenge, respondWithKeyChallenge } from '../resource-server/access.ts'
import { respondWithGatewayError } from './errors.ts'
import type { Forwarding, GatewayDependencies } from './forwarding.ts'
import { createResponseHeaders, type HeaderPair, joined } from './headers.ts'
import type { UpstreamHead } from './upstream.ts'

/** 401 with whatever a client can do about it. */
export function challenge(
  { providers, keepAnswer }: GatewayDependencies,
  { exchange, server, mount }: Forwarding,
  error: 'invalid_token' | undefined,
): TextAnswer {
  if (!isOAuthServer(server)) return respondWithKeyChallenge(error)
  const { provider } = server.access
  // The sign-in that now follows will need to know the provider.
  void rescued<ProviderResult | undefined>(
    () => providers.find(provider),
    () => undefined,
  )
  const { scopes } = providers.peek(provider)
  const at = error === undefined ? mount : `${mount} ${error}`
  return keepAnswer({ base: exchange.base, at, of: [scopes] }, () =>
    respondWithChallenge(exchange, {
      scope: scopes,
      mount,
      ...(error === undefined ? {} : { error }),
    }),
  )
}

/** The head of an answer on its way to the client. */
export interface AnswerHead {
  readonly status: number
  readonly headers: readonly HeaderPair[]
}

/** The client's answer to what upstream said: its own, cleaned, or ours in place of it. */
export function judge(
  deps: GatewayDependencies,
  forwarding: Forwarding,
  upstream: UpstreamHead,
): AnswerHead | TextAnswer {
  const refusal = refusalOf(deps, forwarding, upstream)
  if (refusal !== undefined) return allowAnyOrigin(refusal)
  // In true_passthrough it is the upstream that says how to come in.
  const isTransparent = forwarding.server.access.kind === 'upstream'
  return { status: upstream.status, headers: clean(upstream.headers, isTransparent) }
}

/** Platforms hand over the same lines again where an upstream said the same, and get the same for them. */
function clean(lines: readonly HeaderPair[], isTransparent: boolean): readonly HeaderPair[] {
  const known = isTransparent ? CLEANED.transparent : CLEANED.usual
  const found = known.get(lines)
  if (found !== undefined) return found
  const passed = isTransparent ? ['www-authenticate'] : []
  const headers = [...createResponseHeaders(lines, passed), ...OPEN_TO_BROWSERS]
  known.set(lines, headers)
  return headers
}

type Cleaned = WeakMap<readonly HeaderPair[], readonly HeaderPair[]>
const CLEANED: Readonly<Record<'transparent' | 'usual', Cleaned>> = {
  transparent: new WeakMap(),
  usual: new WeakMap(),
}

/** What is answered in place of an upstream's refusal or redirect. */
function refusalOf(
  deps: GatewayDependencies,
  forwarding: Forwarding,
  response: UpstreamHead,
): TextAnswer | undefined {
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
  response: UpstreamHead,
): TextAnswer | undefined {
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

/** The scopes that a 403 asks for, if it is for want of scope (RFC 6750 §3.1). */
function insufficientScope({
  headers,
}: Pick<UpstreamHead, 'headers'>): readonly string[] | undefined {
  const challenge = parseBearerChallenge(joined(headers, 'www-authenticate') ?? '')
  if (challenge?.get('error') !== 'insufficient_scope') return undefined
  return parseScope(challenge.get('scope'))
}
