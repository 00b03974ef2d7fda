import type { AddressInfo } from 'node:net'
import { createApp } from '../../src/app.ts'
import type { Config, ProviderConfig } from '../../src/config/config.ts'
import type { FetchGuarded } from '../../src/http/guarded-fetch.ts'
import { createRegistry, type Server, type SignIn } from '../../src/registry.ts'
import { TextAnswer, toResponse } from '../../src/request/answer.ts'
import type { RequestHead } from '../../src/request/exchange.ts'
import type { Connection } from '../../src/request/public-base.ts'
import { createKeyRing } from '../../src/sealing/key-ring.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { carryInProcess, type Upstream } from './web-carrier.ts'

/** One line of the proxy's log. */
export interface LogLine {
  readonly level: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

/** A proxy in this process, asked by fetch. */
export interface TestProxy {
  /** Asks at http://localhost:4000, or wherever an absolute URL says, as a peer would. */
  fetch(path: string, init?: RequestInit & { readonly peer?: string }): Promise<Response>
  readonly log: readonly LogLine[]
  /** Moves the proxy's clock, in seconds. */
  wait(seconds: number): void
}

export const SECRET = 'a-secret-of-at-least-32-bytes-for-the-tests'
export const ORIGIN = 'http://localhost:4000'

export const CONFIG: Config = {
  listen: { host: '127.0.0.1', port: 4000 },
  trustedProxies: ['127.0.0.0/8', '::1/128'],
  forwardedHeaders: ['x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'],
  allowedHosts: [],
  secretKeys: [SECRET],
  log: { level: 'debug', format: 'json' },
  allowedRedirectUris: [],
  registration: 'known',
  consent: 'never',
  session: { idle: 30 * 24 * 3600, max: 365 * 24 * 3600 },
  clients: [],
  tokenCache: { expiryBuffer: 60, minLifetime: 10, defaultLifetime: 300, maxSize: 200 },
  root: { kind: 'auto' },
  servers: [],
}

export const PROVIDER = {
  key: 'gh',
  authorizationUrl: 'https://id.example.com/authorize?tenant=acme',
  tokenUrl: 'https://id.example.com/token',
  issuer: 'https://id.example.com',
  namesIssuer: false,
  client: {
    clientId: 'configured-id',
    clientSecret: 'configured-secret',
    method: 'client_secret_post',
  },
  scopes: ['read', 'write'],
  authorizationParams: {},
  tokenParams: {},
} satisfies ProviderConfig

/** A server whose users sign in at PROVIDER. */
export function oauthServer(
  name: string,
  access: Partial<SignIn> = {},
  server: Partial<Server> = {},
): Server {
  return {
    name,
    url: `https://${name}.upstream.example/mcp`,
    allowedRedirectUris: [],
    staticHeaders: [],
    extraHeaders: [],
    ...server,
    credential: { kind: 'user' },
    access: {
      kind: 'sign-in',
      provider: PROVIDER,
      tokens: 'sealed',
      callback: 'own',
      ...access,
    },
  }
}

/** A server without sign-in. */
export function openServer(name: string, server: Partial<Server> = {}): Server {
  return {
    ...oauthServer(name),
    ...server,
    access: { kind: 'open' },
    credential: { kind: 'none' },
  }
}

const noUpstream: Upstream = async () => ({ status: 200, headers: [], body: null })

/** Starts a proxy over the given servers. */
export async function startProxy(options: {
  readonly servers: readonly Server[]
  readonly config?: Partial<Config>
  readonly fetch?: typeof globalThis.fetch
  readonly upstream?: Upstream
  readonly fetchGuarded?: FetchGuarded
}): Promise<TestProxy> {
  const config = { ...CONFIG, ...options.config }
  const log: LogLine[] = []
  let time = Date.now()
  const app = createApp({
    config,
    registry: createRegistry(options.servers, config.root),
    keys: await createKeyRing(config.secretKeys),
    store: createMemoryStore(() => time),
    fetch: options.fetch ?? (() => Promise.reject(new Error('No provider in this test'))),
    fetchGuarded: options.fetchGuarded ?? (async () => ({ kind: 'failed', cause: 'no internet' })),
    now: () => time,
    log: (level, message, details = {}) => log.push({ level, message, details }),
  })
  const recall = rememberHeads()
  return {
    log,
    wait: (seconds) => {
      time += seconds * 1000
    },
    fetch: async (path, init = {}) => {
      const url = new URL(path, ORIGIN)
      const host = new Headers(init.headers).get('host') ?? url.host
      const request = new Request(url, init)
      const { head, connection } = recall(request, { peer: init.peer ?? '127.0.0.1', host })
      const carried = await app.carry(head, connection)
      if (carried === undefined) return app(request, connection)
      if (carried instanceof TextAnswer) return toResponse(carried)
      return carryInProcess(carried, request, options.upstream ?? noUpstream)
    },
  }
}

/** Hands over the same head for the same lines again, as platforms do. */
function rememberHeads() {
  const known = new Map<string, { readonly head: RequestHead; readonly connection: Connection }>()
  return ({ method, url, headers }: Request, connection: Connection) => {
    const lines = [...headers].filter(([name]) => name !== 'content-length')
    const key = JSON.stringify([method, url, lines, connection])
    const found = known.get(key) ?? { head: { method, url, headers }, connection }
    known.set(key, found)
    return found
  }
}

/** The port that a listening node server got. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('Not listening on a port')
  return address.port
}
