import { Hono } from 'hono'
import type { Config } from './config/config.ts'
import { createErrorResponder } from './error-response.ts'
import type { Upstream } from './gateway/upstream.ts'
import type { FetchGuarded } from './http/guarded-fetch.ts'
import type { Log } from './log.ts'
import type { Registry } from './registry.ts'
import { createClientNetworkResolver } from './request/client-network.ts'
import { allowAnyOrigin, respondToPreflight } from './request/cors.ts'
import { createEndpoints } from './request/endpoints.ts'
import type { Exchange } from './request/exchange.ts'
import { withoutPrefix } from './request/prefix.ts'
import {
  type Connection,
  createPublicBaseResolver,
  type PublicBase,
} from './request/public-base.ts'
import { respondWithJson } from './request/respond.ts'
import { createRoutes, type Route } from './routes.ts'
import { createRandomString } from './sealing/base64url.ts'
import type { KeyRing } from './sealing/key-ring.ts'
import type { Store } from './store/store.ts'

/** All that the app needs from outside; `now` in milliseconds. */
export interface Dependencies {
  readonly config: Config
  readonly registry: Registry
  readonly keys: KeyRing
  readonly store: Store
  readonly fetch: typeof globalThis.fetch
  readonly upstream: Upstream
  readonly fetchGuarded: FetchGuarded
  readonly now: () => number
  readonly log: Log
}

/** The proxy: answers a request whose head has passed the gate. */
export type App = (request: Request, connection: Connection) => Promise<Response>

interface Environment {
  Bindings: {
    readonly base: PublicBase
    readonly path: string
    readonly url: URL
    readonly clientNetwork: string
    readonly search: string
  }
}

/** Builds the proxy once, at the start. */
export function createApp(deps: Dependencies): App {
  const resolveBase = createPublicBaseResolver(deps.config, (message, detail) =>
    deps.log('warning', message, detail),
  )
  const hono = createHono(deps)
  const resolveClientNetwork = createClientNetworkResolver(deps.config)

  return async (request, connection) => {
    const url = new URL(request.url)
    if (url.pathname === '/healthz' || url.pathname === '/readyz') {
      return new Response('ok\n', { headers: { 'Cache-Control': 'no-store' } })
    }
    const base = resolveBase(request, connection)
    if (base === undefined) return misdirected()
    const path = withoutPrefix(url.pathname, base.prefix)
    const routed = path === url.pathname ? request : new Request(new URL(path, url), request)
    const clientNetwork = resolveClientNetwork(request, connection.peer)
    const search = connection.search ?? url.search
    const plain = path.replace(/(.)\/$/, '$1')
    return hono.fetch(routed, { base, path: plain, url, search, clientNetwork })
  }
}

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

function createHono(deps: Dependencies): Hono<Environment> {
  // Not strict: /mcp and /mcp/ are the same, without a redirect between them.
  const hono = new Hono<Environment>({ strict: false })
  const respondWithFailure = createErrorResponder(deps.log)
  for (const route of createRoutes(deps)) {
    for (const path of route.paths) {
      hono.all(path, async (context) => {
        const exchange = toExchange(context.req.raw, context.env, context.req.param('server'))
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

function toExchange(request: Request, env: Environment['Bindings'], server?: string): Exchange {
  return {
    request,
    url: env.url,
    search: env.search,
    path: env.path,
    base: env.base,
    endpoints: createEndpoints(env.base),
    serverName: server,
    clientNetwork: env.clientNetwork,
    requestId: createRandomString(9),
  }
}
