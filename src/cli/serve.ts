import { createApp } from '../app.ts'
import type { Config, ServerConfig } from '../config/config.ts'
import type { Platform } from '../platform/platform.ts'
import { createRegistry, type Server } from '../registry.ts'
import { createKeyRing } from '../sealing/key-ring.ts'
import { createMemoryStore } from '../store/memory.ts'
import { CommandError, type Invocation } from './command.ts'
import { type StartedDemo, startDemo } from './demo.ts'
import { describeAccess } from './describe-server.ts'
import { createLog } from './log.ts'
import { readConfig } from './read-config.ts'
import { readSecretKeys } from './secrets.ts'

/** `serve`: runs the proxy until it is told to stop. */
export async function serve(invocation: Invocation): Promise<number> {
  const { platform } = invocation
  const { config, notes } = await readConfig(invocation)
  const log = createLog(config.log, platform)
  for (const note of notes) log('warning', note)
  const keys = await createKeyRing(readSecretKeys(config, platform))
  const demo = await startDemoIfAsked(config, platform)
  const registry = createRegistry(
    config.servers.map((server) => resolveProvider(server, demo)),
    config.root,
  )
  const { upstream, fetchGuarded } = platform
  const now = Date.now
  const app = createApp({
    config,
    registry,
    keys,
    store: createMemoryStore(now),
    fetch,
    upstream,
    fetchGuarded,
    now,
    log,
  })
  const listener = await listen(platform, config, app)
  platform.write(
    describe({ ...config, listen: { ...config.listen, port: listener.port } }, registry.servers),
  )
  return new Promise((stopped) => {
    platform.onStop(() => {
      void Promise.all([listener.close(), demo?.close()]).then(() => stopped(0))
    })
  })
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
  const isAsked = config.servers.some(
    ({ access }) => access.kind === 'sign-in' && access.provider === 'demo',
  )
  return isAsked ? startDemo(platform) : undefined
}

function resolveProvider(server: ServerConfig, demo: StartedDemo | undefined): Server {
  const { access } = server
  if (access.kind !== 'sign-in') return { ...server, access }
  const { provider } = access
  if (provider !== 'demo') return { ...server, access: { ...access, provider } }
  if (demo === undefined) throw new Error('The demo was not started')
  return { ...server, url: demo.url, access: { ...access, provider: demo.provider } }
}

/** What listens where, and what to type next. */
function describe(config: Config, servers: readonly Server[]): string {
  const { host, port } = config.listen
  const local = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const base = config.publicUrl ?? local
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
