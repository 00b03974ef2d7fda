import * as v from 'valibot'
import { oneOf, only, RedirectUris } from './choices.ts'
import { IdentityProviderEntry, ServerEntry } from './server-schema.ts'
import {
  Count,
  Duration,
  Host,
  Networks,
  Port,
  PublicUrl,
  RedirectUriPattern,
  refuseLists,
  SecretKey,
  Text,
  Texts,
} from './values.ts'

const Sha256 = v.pipe(
  v.string('want text'),
  v.regex(/^[0-9a-f]{64}$/, 'want the SHA-256 of the secret, 64 hexadecimal digits'),
)

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
      secret_sha256: v.optional(Sha256),
    },
    'want id and redirect_uris',
  ),
)

const AccessKeyEntry = refuseLists(
  v.strictObject(
    {
      name: v.optional(Text),
      sha256: v.optional(Sha256),
      key: v.optional(Text),
      key_file: v.optional(Text),
      servers: v.optional(Texts),
    },
    'want sha256, or key',
  ),
)

const TokenCache = refuseLists(
  v.strictObject(
    {
      expiry_buffer: v.optional(Duration, '60s'),
      min_lifetime: v.optional(Duration, '10s'),
      default_lifetime: v.optional(Duration, '300s'),
      max_size: v.optional(Count, 200),
    },
    'want expiry_buffer, min_lifetime, default_lifetime and max_size',
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
      access_keys: v.optional(v.array(AccessKeyEntry, 'want a list of keys'), []),
      identity_providers: v.optional(
        refuseLists(v.record(v.string(), IdentityProviderEntry, 'want providers by name')),
        {},
      ),
      client_credentials_tokens: v.optional(TokenCache, {}),
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
  if (path[0] === 'mcp_servers') {
    return path.length === 2 ? Object.keys(ServerEntry.entries) : ['sign_in']
  }
  const [, schema] = BELOW.find(([key]) => key === path[0]) ?? []
  return Object.keys(schema?.entries ?? {})
}

const BELOW = [
  ['access_keys', AccessKeyEntry],
  ['client_credentials_tokens', TokenCache],
  ['clients', Client],
  ['identity_providers', IdentityProviderEntry],
  ['listen', Listen],
  ['log', LogSettings],
  ['session', Session],
] as const
