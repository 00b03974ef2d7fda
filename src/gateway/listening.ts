import { issue } from '../grant.ts'
import type { AdmittedAs } from '../resource-server/access.ts'
import type { AnswerHead } from './answer.ts'
import { type ChunkFilter, createEndpointRewriter } from './event-stream.ts'
import { type Forwarding, type GatewayDependencies, streamKeyOf } from './forwarding.ts'
import { isEventStream, joined } from './headers.ts'

const MESSAGE_LIFETIME = 30 * 24 * 3600 // seconds; the bearer token decides admission

/** Somebody's request on its way. */
export interface Admitted {
  readonly forwarding: Forwarding
  readonly identity: AdmittedAs
}

/** A stream that a client listens on: it counts until its end, whoever ends it. */
export interface Listening extends ChunkFilter {
  end(): void
}

/** Follows the stream that a client asked for, its first event looked at if that can be read; undefined for other answers. */
export function followStream(
  deps: GatewayDependencies,
  { forwarding, identity }: Admitted,
  { headers }: AnswerHead,
): Listening | undefined {
  const { exchange } = forwarding
  if (exchange.request.method !== 'GET' || !isEventStream(headers)) return undefined
  const isReadable = joined(headers, 'content-encoding') === null
  const filter = isReadable ? createRewriter(deps, forwarding) : UNREADABLE
  return { ...filter, end: deps.streams.count(streamKeyOf(exchange, identity)) }
}

const UNREADABLE: ChunkFilter = { pass: (chunk) => chunk, flush: () => new Uint8Array() }

function createRewriter(
  { sealer }: GatewayDependencies,
  { exchange, server, mount }: Forwarding,
): ChunkFilter {
  return createEndpointRewriter(async (endpoint) => {
    const target = URL.canParse(endpoint, server.url) ? new URL(endpoint, server.url) : undefined
    if (target?.origin !== new URL(server.url).origin) return undefined
    const sealed = await issue(sealer, 'message-endpoint', {
      server: server.name,
      lifetime: MESSAGE_LIFETIME,
      grant: { url: target.href },
    })
    return exchange.endpoints.resource(`${mount}/messages/${sealed}`)
  })
}
