import * as v from 'valibot'
import { type Config, ConfigError, type ServerConfig } from './config.ts'
import { checkTogether } from './cross-checks.ts'
import { type Mistake, type Path, readDocument } from './document.ts'
import { toMistake } from './issues.ts'
import { ConfigFile, ServerEntry } from './schema.ts'
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
  const document = readDocument(source.text, source.env)
  const mistakes: Mistake[] = [...document.mistakes]
  const { value, passedOver } = setLiteLlmAside(document.value)
  const parsed =
    document.value === undefined && mistakes.length > 0 ? undefined : v.safeParse(ConfigFile, value)
  const note = createIssueNoter(mistakes)
  note(parsed?.issues ?? [], [])
  const readSecret = createSecretReader(source, mistakes)
  const servers = readServers(serverEntriesOf(value), { mistakes, readSecret, note })
  if (parsed?.success === true) {
    const config = createConfig(parsed.output, { source, servers, readSecret })
    checkTogether(config, mistakes)
    if (mistakes.length === 0) return { config, notes: describe(config, passedOver) }
  }
  throw new ConfigError(toProblems(source.file, mistakes, document.locate))
}

type NoteIssues = (issues: readonly v.BaseIssue<unknown>[], prefix: Path) => void

/** What is wrong with a value that could not be filled in is only that. */
function createIssueNoter(mistakes: Mistake[]): NoteIssues {
  const unset = new Set(mistakes.map(({ path }) => path.join('\n')))
  return (issues, prefix) => {
    const found = issues.map((issue) => toMistake(issue, prefix))
    mistakes.push(...found.filter(({ path }) => !unset.has(path.join('\n'))))
  }
}

function setLiteLlmAside(value: unknown): { value: unknown; passedOver: readonly string[] } {
  const parsed = v.safeParse(v.record(v.string(), v.unknown()), value)
  if (!parsed.success) return { value: value ?? {}, passedOver: [] }
  const entries = Object.entries(parsed.output)
  return {
    value: Object.fromEntries(entries.filter(([key]) => !LITELLM_KEYS.has(key))),
    passedOver: entries.map(([key]) => key).filter((key) => LITELLM_KEYS.has(key)),
  }
}

function serverEntriesOf(value: unknown): [string, unknown][] {
  const parsed = v.safeParse(v.object({ mcp_servers: v.record(v.string(), v.unknown()) }), value)
  return parsed.success ? Object.entries(parsed.output.mcp_servers) : []
}

function readServers(
  entries: readonly [string, unknown][],
  context: {
    readonly mistakes: Mistake[]
    readonly readSecret: ReadSecret
    readonly note: NoteIssues
  },
): ServerConfig[] {
  return entries.flatMap(([name, entry]) => {
    const path = ['mcp_servers', name]
    const nameMistake = findNameMistake(name)
    if (nameMistake !== undefined) context.mistakes.push({ path, message: nameMistake })
    const parsed = v.safeParse(ServerEntry, entry)
    if (parsed.success) return [createServer(name, parsed.output, context)]
    context.note(parsed.issues, path)
    return []
  })
}

function createSecretReader(source: ConfigSource, mistakes: Mistake[]): ReadSecret {
  return (path, file) => {
    try {
      return source.readSecret(file).replace(/\r?\n$/, '')
    } catch {
      mistakes.push({
        path,
        message: 'Cannot read the file: want a file that this process may read',
      })
      return undefined
    }
  }
}

function createConfig(
  file: ConfigFile,
  {
    source,
    servers,
    readSecret,
  }: { source: ConfigSource; servers: ServerConfig[]; readSecret: ReadSecret },
): Config {
  const keysFile = file.secret_keys_file
  const keysText = keysFile === undefined ? '' : (readSecret(['secret_keys_file'], keysFile) ?? '')
  const keysInFile = keysText.split(/\r?\n/).filter((line) => line !== '')
  return {
    listen: { ...file.listen, ...source.listen },
    ...(file.public_url === undefined ? {} : { publicUrl: file.public_url }),
    trustedProxies: file.trusted_proxies,
    forwardedHeaders: file.forwarded_headers,
    allowedHosts: file.allowed_hosts,
    secretKeys: [...(file.secret_keys ?? []), ...keysInFile],
    log: file.log,
    allowedRedirectUris: file.allowed_redirect_uris,
    consent: file.consent,
    root: createRoot(file.root),
    servers,
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
  locate: (mistake: Mistake) => { line: number; column: number },
) {
  return mistakes
    .map((mistake) => ({
      file,
      ...locate(mistake),
      path: mistake.path.join('.'),
      message: mistake.message,
    }))
    .sort((left, right) => left.line - right.line || left.column - right.column)
}
