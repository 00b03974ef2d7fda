import * as v from 'valibot'
import {
  Duration,
  HeaderNames,
  Headers,
  Host,
  Hostname,
  HttpUrl,
  Networks,
  Port,
  PublicUrl,
  RedirectUriPattern,
  refuseLists,
  SecretKey,
  StringRecord,
  Text,
  Texts,
} from './values.ts'

/** A choice; anything else is told what there is. */
function oneOf<const T extends readonly string[]>(options: T) {
  return v.picklist(options, `want ${options.join(' or ')}`)
}

/** A choice of which this version has a part; the rest is told so. */
function only<const T extends readonly string[]>(options: T) {
  return v.picklist(options, `this version supports only ${options.join(' and ')}`)
}

const RedirectUris = v.optional(v.array(RedirectUriPattern, 'want a list of redirect URIs'), [])

/** One entry of `mcp_servers`, as it stands in the file. */
export const ServerEntry = refuseLists(
  v.strictObject(
    {
      url: v.union(
        [v.literal('builtin:demo'), HttpUrl],
        'want the http or https URL of the MCP server',
      ),
      auth_type: only(['oauth2', 'none']),
      access: v.optional(only(['open'])),
      oauth2_flow: v.optional(only(['authorization_code'])),
      transport: v.optional(only(['http', 'sse'])),
      description: v.optional(v.string('want text')),
      alias: v.optional(Text),
      host: v.optional(Hostname),
      client_id: v.optional(Text),
      client_id_file: v.optional(Text),
      client_secret: v.optional(Text),
      client_secret_file: v.optional(Text),
      authorization_url: v.optional(HttpUrl),
      token_url: v.optional(HttpUrl),
      // Taken and not used: nothing registers where a client_id is required.
      registration_url: v.optional(HttpUrl),
      revocation_url: v.optional(HttpUrl),
      issuer: v.optional(HttpUrl),
      authorization_response_iss_parameter_supported: v.optional(
        v.boolean('want true or false'),
        false,
      ),
      scopes: v.optional(Texts, []),
      token_endpoint_auth_method: v.optional(
        oneOf(['client_secret_basic', 'client_secret_post', 'none']),
      ),
      authorization_params: v.optional(StringRecord, {}),
      token_params: v.optional(StringRecord, {}),
      upstream_resource: v.optional(v.union([v.literal('auto'), HttpUrl], 'want auto or a URL')),
      tokens: v.optional(oneOf(['sealed', 'passthrough']), 'sealed'),
      callback: v.optional(oneOf(['own', 'shared']), 'own'),
      allowed_redirect_uris: RedirectUris,
      static_headers: v.optional(Headers, {}),
      extra_headers: v.optional(HeaderNames, []),
    },
    'want keys and values, such as url and auth_type',
  ),
)
export type ServerEntry = v.InferOutput<typeof ServerEntry>

const Listen = refuseLists(
  v.strictObject(
    { host: v.optional(Text, '127.0.0.1'), port: v.optional(Port, 4000) },
    'want host and port',
  ),
)

const Session = refuseLists(
  v.strictObject(
    { idle: v.optional(Duration, '30d'), max: v.optional(Duration, '365d') },
    'want idle and max',
  ),
)

const Client = refuseLists(
  v.strictObject(
    {
      id: v.pipe(
        Text,
        v.regex(/^[A-Za-z0-9._~-]{1,128}$/, 'want at most 128 letters, digits, ., _, ~ and -'),
      ),
      name: v.optional(Text),
      redirect_uris: v.pipe(
        v.array(RedirectUriPattern, 'want a list of redirect URIs'),
        v.nonEmpty('want at least one redirect URI'),
      ),
      secret_sha256: v.optional(
        v.pipe(
          v.string('want text'),
          v.regex(/^[0-9a-f]{64}$/, 'want the SHA-256 of the secret, 64 hexadecimal digits'),
        ),
      ),
    },
    'want id and redirect_uris',
  ),
)

const LogSettings = refuseLists(
  v.strictObject(
    {
      level: v.optional(
        v.pipe(
          oneOf(['debug', 'info', 'warning', 'warn', 'error']),
          v.transform((level) => (level === 'warn' ? 'warning' : level)),
        ),
        'info',
      ),
      format: v.optional(oneOf(['json', 'pretty']), 'pretty'),
    },
    'want level and format',
  ),
)

const FORWARDED_HEADERS = [
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'forwarded',
] as const

/** YAML 1.1 habits: off and no come as text, false as a boolean. */
const Root = v.pipe(
  v.union([v.literal(false), Text], 'want auto, off or the name of a server'),
  v.transform((root) => (root === false ? 'off' : root)),
)

/** The whole file, but for what belongs to LiteLLM alone. */
export const ConfigFile = refuseLists(
  v.strictObject(
    {
      listen: v.optional(Listen, {}),
      public_url: v.optional(PublicUrl),
      trusted_proxies: v.optional(Networks, ['loopback']),
      forwarded_headers: v.optional(
        v.array(oneOf(FORWARDED_HEADERS), 'want a list of header names'),
        ['x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'],
      ),
      allowed_hosts: v.optional(v.array(Host, 'want a list of hosts'), []),
      secret_keys: v.optional(v.array(SecretKey, 'want a list of keys')),
      secret_keys_file: v.optional(Text),
      store: v.optional(only(['memory']), 'memory'),
      log: v.optional(LogSettings, {}),
      allowed_redirect_uris: RedirectUris,
      registration: v.optional(oneOf(['known', 'open']), 'known'),
      consent: v.optional(oneOf(['always', 'remember', 'never']), 'always'),
      session: v.optional(Session, {}),
      clients: v.optional(v.array(Client, 'want a list of clients'), []),
      root: v.optional(Root, 'auto'),
      // Each entry by its own schema, so that one bad entry hides no other.
      mcp_servers: refuseLists(v.record(v.string(), v.unknown(), 'want servers by name')),
    },
    'want keys and values, such as mcp_servers',
  ),
)
export type ConfigFile = v.InferOutput<typeof ConfigFile>

/** The keys that exist at a place in the file. */
export function knownKeysAt(path: readonly (string | number)[]): readonly string[] {
  if (path.length === 0) return Object.keys(ConfigFile.entries)
  if (path.length === 2 && path[0] === 'mcp_servers') return Object.keys(ServerEntry.entries)
  if (path[0] === 'session') return Object.keys(Session.entries)
  if (path[0] === 'clients') return Object.keys(Client.entries)
  if (path[0] === 'listen') return Object.keys(Listen.entries)
  return path[0] === 'log' ? Object.keys(LogSettings.entries) : []
}
