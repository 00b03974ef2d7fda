import { createApp } from '../app.ts'
import type { Config, ServerConfig } from '../config/config.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../platform/platform.ts'
import { createRegistry, type Server } from '../registry.ts'
import { isLoopbackHostname } from '../request/host.ts'
import { createKeyRing } from '../sealing/key-ring.ts'
import { createMemoryStore } from '../store/memory.ts'
import { createRemoteStore } from '../store/shared.ts'
import { CommandError, type Invocation } from './command.ts'
import { type StartedDemo, startDemo } from './demo.ts'
import { describeAccess } from './describe-server.ts'
import { createLog } from './log.ts'
import { readConfig } from './read-config.ts'
import { readSecretKeys } from './secrets.ts'
import { type Hello, keepWorkers, readWorkers } from './workers.ts'

/** `serve`: runs the proxy until it is told to stop. */
export async function serve(invocation: Invocation): Promise<number> {
  const { platform } = invocation
  const { primary } = platform.cluster
  const workers = readWorkers(invocation)
  const { config, notes } = await readConfig(invocation)
  const log = createLog(config.log, platform)
  // What concerns all workers is said by the process that keeps them.
  if (primary === undefined) for (const note of notes) log('warning', note)
  const secretKeys = readSecretKeys(config, platform)
  if (workers > 1 && primary === undefined) {
    refuseDemo(config)
    return keepWorkers(platform, workers, log)
  }
  return serveAlone({ platform, config, log, secretKeys })
}

interface Serving {
  readonly platform: Platform
  readonly config: Config
  readonly log: Log
  readonly secretKeys: readonly string[]
}

async function serveAlone({ platform, config, log, secretKeys }: Serving): Promise<number> {
  const { fetchGuarded, cluster } = platform
  const keys = await createKeyRing(secretKeys)
  const demo = await startDemoIfAsked(config, platform)
  const servers = config.servers.map((server) => resolveProvider(server, demo))
  const registry = createRegistry(servers, config.root)
  const now = Date.now
  const store =
    cluster.primary === undefined ? createMemoryStore(now) : createRemoteStore(cluster.primary, now)
  const dependencies = { config, registry, keys, store, fetchGuarded, now, log }
  const app = createApp({ ...dependencies, fetch })
  const listener = await listen(platform, config, app)
  const listening = { ...config.listen, port: listener.port }
  announce(platform, describe({ ...config, listen: listening }, registry.servers))
  return new Promise((stopped) => {
    platform.onStop(() => {
      void Promise.all([listener.close(), demo?.close()]).then(() => stopped(0))
    })
  })
}

/** A worker leaves it to the process that started it, which speaks once for all. */
function announce({ cluster, write }: Platform, banner: string): void {
  const hello: Hello = { kind: 'listening', banner }
  if (cluster.primary === undefined) write(banner)
  else cluster.primary.send(hello)
}

/** The demo's provider remembers who signed in, in its own process. */
function refuseDemo(config: Config): void {
  if (!hasDemo(config)) return
  throw new CommandError(2, 'builtin:demo runs in one process: leave --workers away')
}

async function listen(platform: Platform, config: Config, app: ReturnType<typeof createApp>) {
  try {
    return await platform.listen({ ...config.listen, app })
  } catch (error) {
    throw new CommandError(1, error instanceof Error ? error.message : 'Cannot listen', {
      cause: error,
    })
  }
}

async function startDemoIfAsked(config: Config, platform: Platform) {
  return hasDemo(config) ? startDemo(platform) : undefined
}

function hasDemo({ servers }: Config): boolean {
  return servers.some(({ access }) => access.kind === 'sign-in' && access.provider === 'demo')
}

function resolveProvider(server: ServerConfig, demo: StartedDemo | undefined): Server {
  const { access } = server
  if (access.kind !== 'sign-in') return { ...server, access }
  const { provider } = access
  if (provider !== 'demo') return { ...server, access: { ...access, provider } }
  if (demo === undefined) throw new Error('The demo was not started')
  return { ...server, url: demo.url, access: { ...access, provider: demo.provider } }
}

/** With `allowed_hosts` the address that is listened on is refused, and clients come by a front end. */
function publicBaseOf({ allowedHosts: [host], listen, rootPath = '' }: Config): string | undefined {
  if (host === undefined) return undefined
  const { hostname, port } = new URL(`http://${host}`)
  if (!isLoopbackHostname(hostname)) return `https://${host}${rootPath}`
  return `http://${hostname}:${port === '' ? listen.port : port}${rootPath}`
}

/** What listens where, and what to type next. */
function describe(config: Config, servers: readonly Server[]): string {
  const { host, port } = config.listen
  const local = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const base = config.publicUrl ?? publicBaseOf(config) ?? local
  const width = Math.max(...servers.map(({ name }) => name.length))
  const lines = servers.map(
    (server) =>
      `  ${server.name.padEnd(width)}  ${base}/${server.name}/mcp  ${describeAccess(server)}`,
  )
  const [first] = servers
  return [
    `mcp-oauth-proxy listens on ${local}`,
    '',
    ...lines,
    '',
    'Next, add a server to a client and sign in when it asks, for example:',
    `  claude mcp add --transport http ${first?.name} ${base}/${first?.name}/mcp`,
    `  npx @modelcontextprotocol/inspector`,
    '',
  ].join('\n')
}
