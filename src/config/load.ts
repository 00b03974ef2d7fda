import * as v from 'valibot'
import { type Config, ConfigError, type ConfigProblem, type ServerConfig } from './config.ts'
import { checkTogether } from './cross-checks.ts'
import { type ReadDocument, readDocument } from './document.ts'
import { toMistake } from './issues.ts'
import { failedKeys, type Mistake, type Path } from './mistake.ts'
import { ConfigFile, ServerEntry } from './schema.ts'
import { readSecretKeys } from './secret-keys.ts'
import { createServer, findNameMistake, type ReadSecret } from './server.ts'

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

const LITELLM_KEYS: ReadonlySet<string> = new Set([
  'environment_variables',
  'general_settings',
  'litellm_settings',
  'model_list',
  'router_settings',
])

/** Reads a configuration; throws a ConfigError with all its mistakes at once. */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const document = readDocument(source.text, { env: source.env, passOver: LITELLM_KEYS })
  const mistakes: Mistake[] = [...document.mistakes]
  const isReadable = document.value !== undefined || mistakes.length === 0
  const { entries, passedOver } = setLiteLlmAside(document.value ?? {})
  const context = { mistakes, readSecret: createSecretReader(source, mistakes) }
  const file = isReadable ? parseAt(ConfigFile, { value: entries, path: [] }, mistakes) : undefined
  const serverEntries = Object.entries(file?.mcp_servers ?? {})
  const servers = serverEntries.flatMap((entry) => readServer(entry, context))
  if (file !== undefined) {
    const config = createConfig(file, { source, servers, ...context })
    checkTogether({ config, mistakes, names: serverEntries.map(([name]) => name) })
    if (mistakes.length === 0) return { config, notes: describe(config, passedOver) }
  }
  throw new ConfigError(toProblems(source.file, mistakes, document))
}

function setLiteLlmAside(value: unknown): { entries: unknown; passedOver: readonly string[] } {
  const entries = entriesOf(value)
  if (entries === undefined) return { entries: value, passedOver: [] }
  const ours = entries.filter(([key]) => !LITELLM_KEYS.has(key))
  const passedOver = entries.map(([key]) => key).filter((key) => LITELLM_KEYS.has(key))
  // Where there are no servers the cross-checks say so.
  return { entries: Object.fromEntries([['mcp_servers', {}], ...ours]), passedOver }
}

function entriesOf(value: unknown): [string, unknown][] | undefined {
  const parsed = v.safeParse(v.record(v.string(), v.unknown()), value)
  return parsed.success && !Array.isArray(value) ? Object.entries(parsed.output) : undefined
}

/** What is sound of a value, the rest being noted, so that all can be checked further at once. */
function parseAt<S extends v.GenericSchema>(
  schema: S,
  { value, path }: { readonly value: unknown; readonly path: Path },
  mistakes: Mistake[],
): v.InferOutput<S> | undefined {
  // A message of Valibot's own would quote the value.
  const options = { message: 'want another kind of value' }
  const parsed = v.safeParse(schema, value, options)
  if (parsed.success) return parsed.output
  const unset = new Set(mistakes.map((mistake) => mistake.path.join('\n')))
  const found = parsed.issues.map((issue) => toMistake(issue, path))
  // What is wrong with a value that could not be filled in is only that.
  mistakes.push(...found.filter((mistake) => !unset.has(mistake.path.join('\n'))))
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
  readonly readSecret: ReadSecret
}

function readServer(
  [name, value]: readonly [string, unknown],
  { mistakes, readSecret }: Context,
): ServerConfig[] {
  const path = ['mcp_servers', name]
  const nameMistake = findNameMistake(name)
  if (nameMistake !== undefined) mistakes.push({ path, message: nameMistake })
  const entry = parseAt(ServerEntry, { value, path }, mistakes)
  if (entry === undefined) return []
  return [createServer(name, entry, { mistakes, readSecret, failed: failedKeys(mistakes, path) })]
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
  { source, servers, ...context }: Context & { source: ConfigSource; servers: ServerConfig[] },
): Config {
  return {
    listen: { ...file.listen, ...source.listen },
    ...(file.public_url === undefined ? {} : { publicUrl: file.public_url }),
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

function createRoot(root: string): Config['root'] {
  if (root === 'auto' || root === 'off') return { kind: root }
  return { kind: 'server', name: root }
}

/** What an operator should hear at every start. */
function describe(config: Config, passedOver: readonly string[]): string[] {
  const passthrough = config.servers.filter(
    ({ auth }) => auth.kind === 'oauth2' && auth.tokens === 'passthrough',
  )
  return [
    ...(passedOver.length === 0
      ? []
      : [`Passed over what belongs to LiteLLM: ${passedOver.join(', ')}`]),
    ...(config.consent === 'never'
      ? [
          'consent: never is for a single user: whoever can send your browser here starts a sign-in unseen',
        ]
      : []),
    ...passthrough.map(
      ({ name }) => `tokens: passthrough of ${name} hands the provider's own tokens to clients`,
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
