import { Hono } from 'hono'
import type { Config } from './config/config.ts'
import { createErrorResponder, type ErrorResponder } from './error-response.ts'
import type { Carriage } from './gateway/carriage.ts'
import { createHeadRoutes, type FindHeadRoute, type HeadRoute } from './head-routes.ts'
import type { FetchGuarded } from './http/guarded-fetch.ts'
import type { Log } from './log.ts'
import { after, type Ready, rescued } from './ready.ts'
import type { Registry } from './registry.ts'
import { type Answer, TextAnswer, toResponse } from './request/answer.ts'
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
 * Decides on what needs no more than a request's head: MCP messages, whose bytes the platform carries, and
 * metadata documents. Undefined for whatever else a request is, which is then answered by the app.
 */
export type Carry = (
  head: RequestHead,
  connection: Connection,
) => Ready<Carried | TextAnswer> | undefined

/** A request that may go upstream, and the answer where something fails that must not. */
export interface Carried extends Carriage {
  fault(error: unknown): TextAnswer
}

interface Environment {
  Bindings: Arrival & { readonly url: URL }
}

/** Builds the proxy once, at the start. */
export function createApp(deps: Dependencies): App & { readonly carry: Carry } {
  const arrive = createArrivals(deps)
  const routes = createRoutes(deps)
  const errorResponder = createErrorResponder(deps.log)
  const resolveClientNetwork = createClientNetworkResolver(deps.config)
  const hono = createHono({ deps, routes, errorResponder, resolveClientNetwork })
  const locate = createLocator(arrive, createHeadRoutes(routes, deps.registry))

  const answerAll = async (request: Request, connection: Connection): Promise<Response> => {
    if (/^[^:]+:\/\/[^/]+\/(?:healthz|readyz)(?:\?|$)/.test(request.url)) {
      return new Response('ok\n', { headers: { 'Cache-Control': 'no-store' } })
    }
    const arrival = arrive(request, connection)
    if (arrival === undefined) return toResponse(misdirected())
    const { routedPath } = arrival
    const url = new URL(request.url)
    const isAsItCame = routedPath === url.pathname
    const routed = isAsItCame ? request : new Request(new URL(routedPath, url), request)
    return hono.fetch(routed, { ...arrival, url })
  }

  const carry: Carry = (head, connection) => {
    const { arrival, route } = locate(head, connection)
    if (arrival === undefined || route === undefined) return undefined
    const exchange = new LazyExchange(head, arrival, {
      serverName: route.server,
      resolveClientNetwork,
    })
    const fault = (error: unknown) => allowAnyOrigin(errorResponder.json(error, exchange))
    const open = (found: Carriage | TextAnswer) =>
      found instanceof TextAnswer ? allowAnyOrigin(found) : Object.assign(found, { fault })
    return rescued(
      () => after<Carriage | TextAnswer, Carried | TextAnswer>(route.endpoint(exchange), open),
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

/** Where a head arrives, and what decides on it. */
interface Location {
  readonly connection: Connection
  readonly arrival: Arrival | undefined
  readonly route: HeadRoute | undefined
}

/** Locates a head once, with its connection: platforms hand over both again. */
function createLocator(arrive: Arrive, findRoute: FindHeadRoute) {
  const known = new WeakMap<RequestHead, Location>()
  return (head: RequestHead, connection: Connection): Location => {
    const found = known.get(head)
    if (found?.connection === connection) return found
    const arrival = arrive(head, connection)
    const route = arrival === undefined ? undefined : findRoute(head.method, arrival.path)
    const location = { connection, arrival, route }
    known.set(head, location)
    return location
  }
}

/** Path and query as they are written; the gate has seen to it that parsing would change neither. */
function splitTarget(url: string): { readonly path: string; readonly search: string } {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const query = url.indexOf('?', start)
  if (query === -1) return { path: url.slice(start), search: '' }
  return { path: url.slice(start, query), search: url.slice(query) }
}

function misdirected(): TextAnswer {
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
  readonly errorResponder: ErrorResponder
  readonly resolveClientNetwork: ResolveClientNetwork
}

function createHono({
  deps,
  routes,
  errorResponder,
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
        const answered = await answer(route, exchange).catch(
          async (error: unknown): Promise<Answer> => errorResponder[route.style](error, exchange),
        )
        return toResponse(route.isOpenToBrowsers ? allowAnyOrigin(answered) : answered)
      })
    }
  }
  hono.onError((error) => {
    deps.log('error', 'Request failed', { error: 'server_error', bug: error.name })
    return toResponse(respondWithJson({ error: 'server_error' }, { status: 500 }))
  })
  hono.notFound(() =>
    toResponse(respondWithJson({ error: 'not_found', detail: 'Not found' }, { status: 404 })),
  )
  return hono
}

async function answer(route: Route, exchange: Exchange): Promise<Answer> {
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
