import { open } from '../grant.ts'
import type { TokenFailure } from '../oauth-client/token-cache.ts'
import { after, type Ready } from '../ready.ts'
import type { Server } from '../registry.ts'
import type { TextAnswer } from '../request/answer.ts'
import { allowAnyOrigin } from '../request/cors.ts'
import type { HeadExchange } from '../request/exchange.ts'
import { perHead } from '../request/per-head.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound } from '../request/respond.ts'
import { type AdmittedAs, admit, readBearer } from '../resource-server/access.ts'
import { type AnswerHead, challenge, judge } from './answer.ts'
import { describeFailure, respondWithCredentialFailure, respondWithGatewayError } from './errors.ts'
import { type Forwarding, type GatewayDependencies, streamKeyOf } from './forwarding.ts'
import { createRequestHeaders, type HeaderPair } from './headers.ts'
import { type Admitted, followStream, type Listening } from './listening.ts'
import { isAllowedOrigin } from './origin.ts'
import { findCredential, type UpstreamCredential } from './upstream-credential.ts'

const METHODS = ['GET', 'POST', 'DELETE']
const ALLOW = 'GET, POST, DELETE, OPTIONS'

/**
 * One request that may go upstream: all that is to be decided of it, for whatever transport carries
 * its bytes.
 */
export interface Carriage {
  readonly url: string
  readonly method: string
  /** What goes upstream at first. */
  readonly headers: readonly HeaderPair[]
  /** Whether there may be another credential, so that a small body is worth keeping. */
  readonly isRepeatable: boolean
  /** After a 401: the headers to send it with once more, our answer, or undefined for upstream's. */
  repeat(): Promise<readonly HeaderPair[] | TextAnswer | undefined>
  /** What the client gets: upstream's answer under this head, or ours in place of it; at once unless refused. */
  judge(
    status: number,
    headers: readonly HeaderPair[],
  ): AnswerHead | TextAnswer | Promise<AnswerHead | TextAnswer>
  /** The answer where there is none from upstream. */
  fail(reason: 'too-large' | 'unreachable' | 'slow'): TextAnswer
  /** Where the answer is a stream that the client listens on, what is to be done with it; it must be ended. */
  follow(answer: AnswerHead): Listening | undefined
}

/** Decides admission and credential of a request; our answer where it goes no further. */
export function createCarriage(
  deps: GatewayDependencies,
  exchange: HeadExchange,
): Ready<Carriage | TextAnswer> {
  return after(resolve(deps, exchange), (forwarding) => {
    if (forwarding === undefined) return notFound()
    const { server } = forwarding
    if (!isAllowedOrigin(exchange, server, deps)) return respondWithGatewayError('foreign-origin')
    return after(admit(exchange, server, deps), (admission) =>
      admission.kind === 'challenged'
        ? challenge(deps, forwarding, admission.error)
        : dispatch(deps, { forwarding, identity: admission.identity }),
    )
  })
}

/** What is left to decide of a request that was let in. */
function dispatch(deps: GatewayDependencies, of: Admitted): Ready<Carriage | TextAnswer> {
  const { forwarding, identity } = of
  const { exchange, server } = forwarding
  const refusal = checkMethodAndType(exchange.request) ?? checkRoom(deps, exchange, identity)
  if (refusal !== undefined) return refusal
  return after(findCredential(server, identity, deps), (credential) =>
    credential.kind === 'failed'
      ? failWithoutCredential(deps, server, credential.failure)
      : toCarriage(deps, of, credential),
  )
}

function resolve(deps: GatewayDependencies, exchange: HeadExchange): Ready<Forwarding | undefined> {
  const token = exchange.serverName === undefined ? readBearer(exchange.request) : undefined
  const opened = token === undefined ? undefined : open(deps.sealer, 'access-token', token)
  return after(opened, (artifact) => {
    const server = resolveServer(
      { registry: deps.registry, base: exchange.base },
      { path: exchange.serverName, artifact: artifact?.seal.aud },
    )
    return server === undefined ? undefined : resolveUrl(deps, exchange, server)
  })
}

/** The server's configured URL, or that which its legacy stream named for messages. */
function resolveUrl(
  { sealer }: GatewayDependencies,
  exchange: HeadExchange,
  server: Server,
): Ready<Forwarding | undefined> {
  const { path, search } = exchange
  const messages = path.indexOf('/messages/')
  if (messages === -1) {
    return { exchange, server, mount: path, url: withQuery(server.url, search) }
  }
  const mount = path.slice(0, messages)
  const [message = ''] = path.slice(messages + '/messages/'.length).split('/messages/', 1)
  return after(open(sealer, 'message-endpoint', message), (endpoint) =>
    endpoint?.seal.aud === server.name
      ? { exchange, server, mount, url: endpoint.grant.url }
      : undefined,
  )
}

/** The configured URL with the client's query behind its own; no path of the client's reaches it. */
function withQuery(url: string, search: string): string {
  if (search === '') return url
  return url.includes('?') ? `${url}&${search.slice(1)}` : `${url}${search}`
}

const checkMethodAndType = perHead(({ method, headers }): TextAnswer | undefined => {
  if (!METHODS.includes(method)) return respondWithGatewayError('wrong-method', { Allow: ALLOW })
  const mediaType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  // A page may send text/plain to us without asking the browser first (THREATS T66).
  if (method === 'POST' && mediaType !== 'application/json')
    return respondWithGatewayError('wrong-type')
  return undefined
})

function checkRoom(
  { streams }: GatewayDependencies,
  exchange: HeadExchange,
  identity: AdmittedAs,
): TextAnswer | undefined {
  if (exchange.request.method !== 'GET') return undefined
  if (streams.hasRoom(streamKeyOf(exchange, identity))) return undefined
  return respondWithGatewayError('too-many-streams', { 'Retry-After': '5' })
}

function toCarriage(
  deps: GatewayDependencies,
  of: Admitted,
  credential: Extract<UpstreamCredential, { kind: 'ready' }>,
): Carriage {
  const { forwarding, identity } = of
  const { exchange, server, url } = forwarding
  const headersWith = (own: readonly HeaderPair[]) =>
    createRequestHeaders(exchange.request, {
      extraHeaders: server.extraHeaders,
      staticHeaders: server.staticHeaders,
      credential: own,
    })
  return {
    url,
    method: exchange.request.method,
    headers: headersWith(credential.headers),
    isRepeatable: credential.replace !== undefined,
    async repeat() {
      const other = await credential.replace?.()
      if (other?.kind === 'failed')
        return allowAnyOrigin(failWithoutCredential(deps, server, other.failure))
      return other === undefined ? undefined : headersWith(other.headers)
    },
    judge(status, headers) {
      const answer = () => judge(deps, forwarding, { status, headers })
      return status === 401 ? rememberRefusal(deps, identity).then(answer) : answer()
    },
    fail: (reason) => allowAnyOrigin(respondWithGatewayError(reason)),
    follow: (answer) => followStream(deps, of, answer),
  }
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
