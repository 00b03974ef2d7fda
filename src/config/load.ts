import * as v from 'valibot'
import {
  type Config,
  ConfigError,
  type ConfigProblem,
  type ServerConfig,
  type TokenCacheConfig,
} from './config.ts'
import { checkTogether } from './cross-checks.ts'
import { type ReadDocument, readDocument } from './document.ts'
import { createEntryContext, type ReadSecret } from './entry.ts'
import { type EnvironmentSettings, readEnvironment } from './environment.ts'
import { readGates } from './gates.ts'
import { toMistake } from './issues.ts'
import { type Adopted, adoptLiteLlm, isPassedOver } from './litellm.ts'
import { failedKeys, type Mistake, originOf, type Path } from './mistake.ts'
import { ConfigFile } from './schema.ts'
import { readSecretKeys } from './secret-keys.ts'
import { createServer, findNameMistake } from './server.ts'
import { ServerEntry } from './server-schema.ts'

/** A configuration file and what it may read. */
export interface ConfigSource {
  readonly file: string
  readonly text: string
  readonly env: Readonly<Record<string, string | undefined>>
  readSecret(path: string): string
  /** Where the process listens if not where the file says. */
  readonly listen?: Partial<Config['listen']>
}

/** A configuration, and what its operator should know about it. */
export interface LoadedConfig {
  readonly config: Config
  readonly notes: readonly string[]
}

/** Reads a configuration; throws a ConfigError with all its mistakes at once. */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const document = readDocument(source.text, { env: source.env, isPassedOver })
  const mistakes: Mistake[] = [...document.mistakes]
  const isReadable = document.value !== undefined || mistakes.length === 0
  const adopted = adoptLiteLlm(document.value ?? {})
  mistakes.push(...adopted.mistakes)
  const { moved } = adopted
  const context = { mistakes, moved, readSecret: createSecretReader(source, mistakes) }
  const value = withServers(adopted.value)
  const file = isReadable ? parseAt(ConfigFile, { value, path: [] }, context) : undefined
  if (file !== undefined) {
    const environment = readEnvironment(source.env)
    const servers = readServers(file, context)
    const config = createConfig(file, { source, servers, environment, ...context })
    checkTogether({ config, mistakes, names: Object.keys(file.mcp_servers) })
    const notes = [...adopted.notes, ...environment.notes, ...describe(config)]
    if (mistakes.length === 0) return { config, notes }
  }
  const inFile = mistakes.map((mistake) => ({ ...mistake, path: originOf(mistake.path, moved) }))
  throw new ConfigError(toProblems(source.file, inFile, document))
}

/** Where there are no servers the cross-checks say so. */
function withServers(value: unknown): unknown {
  const entries = entriesOf(value)
  return entries === undefined ? value : Object.fromEntries([['mcp_servers', {}], ...entries])
}

function readServers(file: ConfigFile, context: Context): ServerConfig[] {
  const gates = readGates(file, context)
  return Object.entries(file.mcp_servers).flatMap(([name, value]) => {
    const path = ['mcp_servers', name]
    const nameMistake = findNameMistake(name)
    if (nameMistake !== undefined) context.mistakes.push({ path, message: nameMistake })
    const entry = parseAt(ServerEntry, { value, path }, context)
    if (entry === undefined) return []
    const failed = failedKeys(context.mistakes, path)
    const keys = Object.keys(entry)
    return [
      createServer(name, entry, {
        gates,
        context: createEntryContext({ path, keys, failed, ...context }),
      }),
    ]
  })
}

function entriesOf(value: unknown): [string, unknown][] | undefined {
  const parsed = v.safeParse(v.record(v.string(), v.unknown()), value)
  return parsed.success && !Array.isArray(value) ? Object.entries(parsed.output) : undefined
}

/** What is sound of a value, the rest being noted, so that all can be checked further at once. */
function parseAt<S extends v.GenericSchema>(
  schema: S,
  { value, path }: { readonly value: unknown; readonly path: Path },
  { mistakes, moved }: Context,
): v.InferOutput<S> | undefined {
  // A message of Valibot's own would quote the value.
  const options = { message: 'want another kind of value' }
  const parsed = v.safeParse(schema, value, options)
  if (parsed.success) return parsed.output
  const unset = new Set(mistakes.map((mistake) => mistake.path.join('\n')))
  const found = parsed.issues.map((issue) => toMistake(issue, path))
  // What is wrong with a value that could not be filled in is only that.
  mistakes.push(...found.filter(({ path }) => !unset.has(originOf(path, moved).join('\n'))))
  const failed = failedKeys(found, path)
  const sound = entriesOf(value)?.filter(([key]) => !failed.has(key))
  if (sound === undefined) return undefined
  const rest = Object.fromEntries(path.length === 0 ? [['mcp_servers', {}], ...sound] : sound)
  const again = v.safeParse(schema, rest, options)
  return again.success ? again.output : undefined
}

/** Where mistakes go, and how files with secrets are read. */
interface Context {
  readonly mistakes: Mistake[]
  readonly moved: Adopted['moved']
  readonly readSecret: ReadSecret
}

function createSecretReader(source: ConfigSource, mistakes: Mistake[]): ReadSecret {
  return (path, file) => {
    const text = readOrUndefined(source, file)
    if (text === undefined) {
      const message = 'Cannot read the file: want a file that this process may read'
      mistakes.push({ path, message })
    }
    if (text === '') mistakes.push({ path, message: 'The file is empty: want the secret in it' })
    return text
  }
}

function readOrUndefined(source: ConfigSource, file: string): string | undefined {
  try {
    return source.readSecret(file).replace(/(?:\r?\n)+$/, '')
  } catch {
    return undefined
  }
}

function createConfig(
  file: ConfigFile,
  {
    source,
    servers,
    environment,
    ...context
  }: Context & {
    source: ConfigSource
    servers: ServerConfig[]
    environment: EnvironmentSettings
  },
): Config {
  const publicUrl = file.public_url ?? environment.publicUrl
  return {
    listen: { ...file.listen, ...source.listen },
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(environment.rootPath === undefined ? {} : { rootPath: environment.rootPath }),
    trustedProxies: file.trusted_proxies,
    forwardedHeaders: file.forwarded_headers,
    allowedHosts: file.allowed_hosts,
    secretKeys: readSecretKeys(file.secret_keys ?? [], file.secret_keys_file, context),
    log: file.log,
    allowedRedirectUris: file.allowed_redirect_uris,
    registration: file.registration,
    consent: file.consent,
    session: file.session,
    clients: file.clients.map(createClient),
    tokenCache: { ...createTokenCache(file), ...environment.tokenCache },
    root: createRoot(file.root),
    servers,
  }
}

function createClient(entry: ConfigFile['clients'][number]): Config['clients'][number] {
  return {
    id: entry.id,
    redirectUris: entry.redirect_uris,
    ...(entry.name === undefined ? {} : { name: entry.name }),
    ...(entry.secret_sha256 === undefined ? {} : { secretSha256: entry.secret_sha256 }),
  }
}

function createTokenCache({ client_credentials_tokens: tokens }: ConfigFile): TokenCacheConfig {
  return {
    expiryBuffer: tokens.expiry_buffer,
    minLifetime: tokens.min_lifetime,
    defaultLifetime: tokens.default_lifetime,
    maxSize: tokens.max_size,
  }
}

function createRoot(root: string): Config['root'] {
  if (root === 'auto' || root === 'off') return { kind: root }
  return { kind: 'server', name: root }
}

/** What an operator should hear at every start. */
function describe({ consent, servers }: Config): string[] {
  const passthrough = servers.filter(
    ({ access }) => access.kind === 'sign-in' && access.tokens === 'passthrough',
  )
  const transparent = servers.filter(({ access }) => access.kind === 'upstream')
  return [
    ...(consent === 'never'
      ? [
          'consent: never is for a single user: whoever can send your browser here starts a sign-in unseen',
        ]
      : []),
    ...passthrough.map(
      ({ name }) => `tokens: passthrough of ${name} hands the provider's own tokens to clients`,
    ),
    ...transparent.map(
      ({ name }) =>
        `true_passthrough of ${name} lets everybody through to it, with what they bring`,
    ),
  ]
}

function toProblems(
  file: string,
  mistakes: readonly Mistake[],
  document: ReadDocument,
): ConfigProblem[] {
  const problems = mistakes
    .map((mistake) => ({
      file,
      ...document.locate(mistake),
      path: mistake.path.join('.'),
      message: mistake.message,
    }))
    .sort((left, right) => left.line - right.line || left.column - right.column)
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}
