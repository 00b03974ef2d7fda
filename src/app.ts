import { Hono } from 'hono'
import type { Config } from './config/config.ts'
import { createErrorResponder } from './error-response.ts'
import type { Carriage } from './gateway/carriage.ts'
import type { FetchGuarded } from './http/guarded-fetch.ts'
import type { Log } from './log.ts'
import { after, type Ready, rescued } from './ready.ts'
import type { Registry } from './registry.ts'
import { createClientNetworkResolver, type ResolveClientNetwork } from './request/client-network.ts'
import { allowAnyOrigin, respondToPreflight } from './request/cors.ts'
import type { Exchange, RequestHead } from './request/exchange.ts'
import { type Arrival, LazyExchange } from './request/lazy-exchange.ts'
import { createPrefixRemover } from './request/prefix.ts'
import { type Connection, createPublicBaseResolver } from './request/public-base.ts'
import { respondWithJson } from './request/respond.ts'
import { createRoutes, type Route } from './routes.ts'
import type { KeyRing } from './sealing/key-ring.ts'
import type { Store } from './store/store.ts'

/** All that the app needs from outside; `now` in milliseconds. */
export interface Dependencies {
  readonly config: Config
  readonly registry: Registry
  readonly keys: KeyRing
  readonly store: Store
  readonly fetch: typeof globalThis.fetch
  readonly fetchGuarded: FetchGuarded
  readonly now: () => number
  readonly log: Log
}

/** Answers a request whose head has passed the gate. */
export interface App {
  (request: Request, connection: Connection): Promise<Response>
  readonly carry?: Carry
}

/**
 * Decides on MCP messages alone, whose bytes the platform carries: undefined for whatever else a request
 * is, which is then answered by the app.
 */
export type Carry = (
  head: RequestHead,
  connection: Connection,
) => Ready<Carried | Response> | undefined

/** A request that may go upstream, and the answer where something fails that must not. */
export interface Carried extends Carriage {
  fault(error: unknown): Promise<Response>
}

interface Environment {
  Bindings: Arrival & { readonly url: URL }
}

/** Builds the proxy once, at the start. */
export function createApp(deps: Dependencies): App & { readonly carry: Carry } {
  const arrive = createArrivals(deps)
  const { routes, gateway } = createRoutes(deps)
  const respondWithFailure = createErrorResponder(deps.log)
  const resolveClientNetwork = createClientNetworkResolver(deps.config)
  const hono = createHono({ deps, routes, respondWithFailure, resolveClientNetwork })
  const mounts = listMounts(deps.registry)

  const answerAll = async (request: Request, connection: Connection): Promise<Response> => {
    if (/^[^:]+:\/\/[^/]+\/(?:healthz|readyz)(?:\?|$)/.test(request.url)) {
      return new Response('ok\n', { headers: { 'Cache-Control': 'no-store' } })
    }
    const arrival = arrive(request, connection)
    if (arrival === undefined) return misdirected()
    const { routedPath } = arrival
    const url = new URL(request.url)
    const isAsItCame = routedPath === url.pathname
    const routed = isAsItCame ? request : new Request(new URL(routedPath, url), request)
    return hono.fetch(routed, { ...arrival, url })
  }

  const carry: Carry = (head, connection) => {
    if (!CARRIED.has(head.method)) return undefined
    const arrival = arrive(head, connection)
    const mount = arrival === undefined ? undefined : mounts.get(mountOf(arrival.path))
    if (arrival === undefined || mount === undefined) return undefined
    const exchange = new LazyExchange(head, arrival, {
      serverName: mount.server,
      resolveClientNetwork,
    })
    const fault = async (error: unknown) =>
      allowAnyOrigin(await respondWithFailure(error, exchange, 'json'))
    const open = (found: Carriage | Response) =>
      found instanceof Response ? allowAnyOrigin(found) : Object.assign(found, { fault })
    return rescued(
      () => after<Carriage | Response, Carried | Response>(gateway(exchange), open),
      fault,
    )
  }
  return Object.assign(answerAll, { carry })
}

type Arrive = (head: RequestHead, connection: Connection) => Arrival | undefined

/** Where a request arrives; undefined for hosts that are not ours. */
function createArrivals({ config, log, registry }: Dependencies): Arrive {
  const removePrefix = createPrefixRemover(registry)
  const resolveBase = createPublicBaseResolver(config, (message, detail) =>
    log('warning', message, detail),
  )
  return (head, connection) => {
    const base = resolveBase(head, connection)
    if (base === undefined) return undefined
    const { path: ownPath, search } = splitTarget(head.url)
    const routedPath = removePrefix(ownPath, base.prefix)
    const path =
      routedPath.length > 1 && routedPath.endsWith('/') ? routedPath.slice(0, -1) : routedPath
    return { base, path, routedPath, search: connection.search ?? search, connection }
  }
}

/** Path and query as they are written; the gate has seen to it that parsing would change neither. */
function splitTarget(url: string): { readonly path: string; readonly search: string } {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const query = url.indexOf('?', start)
  if (query === -1) return { path: url.slice(start), search: '' }
  return { path: url.slice(start, query), search: url.slice(query) }
}

/** The paths of MCP endpoints, `/mcp`, `/mcp/gh` and `/gh/mcp`, and the server that each names. */
function listMounts({ servers }: Registry): ReadonlyMap<string, { readonly server?: string }> {
  const names = servers.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]))
  const named = names.flatMap((server) =>
    [`/mcp/${server}`, `/${server}/mcp`].map((path) => [path, { server }] as const),
  )
  return new Map<string, { readonly server?: string }>([['/mcp', {}], ...named])
}

/** A legacy stream's messages go to an address below its mount. */
function mountOf(path: string): string {
  const messages = path.indexOf('/messages/')
  return messages === -1 ? path : path.slice(0, messages)
}

const CARRIED: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE'])

function misdirected(): Response {
  return respondWithJson(
    {
      error: 'misdirected_request',
      error_description:
        'This host is not served here: its operator can add it to allowed_hosts or set public_url',
    },
    { status: 421 },
  )
}

interface Routing {
  readonly deps: Dependencies
  readonly routes: readonly Route[]
  readonly respondWithFailure: ReturnType<typeof createErrorResponder>
  readonly resolveClientNetwork: ResolveClientNetwork
}

function createHono({
  deps,
  routes,
  respondWithFailure,
  resolveClientNetwork,
}: Routing): Hono<Environment> {
  // Not strict: /mcp and /mcp/ are the same, without a redirect between them.
  const hono = new Hono<Environment>({ strict: false })
  for (const route of routes) {
    for (const path of route.paths) {
      hono.all(path, async (context) => {
        const request = context.req.raw
        const serverName = context.req.param('server')
        const head = new LazyExchange(request, context.env, { serverName, resolveClientNetwork })
        const exchange = Object.assign(head, { request, url: context.env.url })
        const answered = answer(route, exchange).catch((error: unknown) =>
          respondWithFailure(error, exchange, route.style),
        )
        return route.isOpenToBrowsers ? allowAnyOrigin(await answered) : answered
      })
    }
  }
  hono.onError((error) => {
    deps.log('error', 'Request failed', { error: 'server_error', bug: error.name })
    return respondWithJson({ error: 'server_error' }, { status: 500 })
  })
  hono.notFound(() => respondWithJson({ error: 'not_found', detail: 'Not found' }, { status: 404 }))
  return hono
}

async function answer(route: Route, exchange: Exchange): Promise<Response> {
  const { request } = exchange
  const allow = route.methods.includes('GET') ? ['HEAD', ...route.methods] : route.methods
  if (request.method === 'OPTIONS' && route.isOpenToBrowsers) {
    return respondToPreflight(request, allow.join(', '))
  }
  if (route.checksMethod !== false && !allow.includes(request.method)) {
    return respondWithJson(
      { error: 'method_not_allowed', detail: 'Method not allowed' },
      { status: 405, headers: { Allow: allow.join(', ') } },
    )
  }
  return route.endpoint(exchange)
}
