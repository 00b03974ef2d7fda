import type { ProviderConfig, ServerAuth, ServerConfig } from './config.ts'
import { INHERITED } from './document.ts'
import type { Mistake } from './mistake.ts'
import type { ServerEntry } from './schema.ts'

/** Reads a file that a `…_file` key names, or gives undefined after noting the mistake. */
export type ReadSecret = (path: readonly string[], file: string) => string | undefined

const RESERVED: ReadonlySet<string> = new Set([
  'authorize',
  'callback',
  'consent',
  'favicon.ico',
  'healthz',
  'introspect',
  'jwks',
  'mcp',
  'metrics',
  'readyz',
  'register',
  'revoke',
  'token',
])

/** What is wrong with a server's name or alias, if anything. */
export function findNameMistake(name: string): string | undefined {
  if (INHERITED.has(name)) return 'Unusable name: choose another'
  if (!/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/.test(name)) {
    return 'Unusable name: want 1 to 64 letters, digits, _, - and ., but no . at the start'
  }
  return RESERVED.has(name) ? 'Reserved name: it is a path of the proxy, choose another' : undefined
}

/** Where a server's mistakes go, and what is known of them. */
export interface ServerContext {
  readonly mistakes: Mistake[]
  readonly readSecret: ReadSecret
  /** Keys of the entry that are there and wrong, and so are not missing. */
  readonly failed: ReadonlySet<string>
}

/** A server out of its entry; what is missing or does not go together is noted. */
export function createServer(
  name: string,
  entry: ServerEntry,
  context: ServerContext,
): ServerConfig {
  return {
    name,
    url: entry.url,
    ...(entry.alias === undefined ? {} : { alias: entry.alias }),
    ...(entry.host === undefined ? {} : { host: entry.host }),
    auth: createAuth(name, entry, context),
    allowedRedirectUris: entry.allowed_redirect_uris,
    staticHeaders: entry.static_headers,
    extraHeaders: entry.extra_headers,
  }
}

function createAuth(name: string, entry: ServerEntry, context: ServerContext): ServerAuth {
  const note = (key: string, message: string) =>
    context.mistakes.push({ path: ['mcp_servers', name, key], message })
  if (entry.auth_type === 'none') {
    if (entry.access === undefined && !context.failed.has('access')) {
      note(
        'auth_type',
        'Missing access: open, without which nobody may use a server without sign-in',
      )
    }
    if (entry.url === 'builtin:demo') note('auth_type', 'The demo has a sign-in: want oauth2')
    return { kind: 'none' }
  }
  if (entry.access !== undefined)
    note('access', 'Unusable key: who signs in at an oauth2 server may use it')
  return {
    kind: 'oauth2',
    provider: entry.url === 'builtin:demo' ? 'demo' : createProvider(name, entry, context),
    scopes: entry.scopes,
    tokens: entry.tokens,
    callback: entry.callback,
  }
}

const REQUIRED = {
  authorization_url: "the provider's authorization endpoint",
  token_url: "the provider's token endpoint",
  client_id: 'the id of your app at the provider',
  issuer: 'what the iss in its answers must be',
  client_secret: 'the secret that token_endpoint_auth_method sends',
}

function createProvider(name: string, entry: ServerEntry, context: ServerContext): ProviderConfig {
  const path = ['mcp_servers', name]
  const readTwin = (key: 'client_id' | 'client_secret') => {
    const fileKey = `${key}_file` as const
    const file = entry[fileKey]
    if (entry[key] !== undefined || file === undefined) return entry[key]
    return context.readSecret([...path, fileKey], file)
  }
  checkProviderKeys(path, entry, context)
  const clientSecret = readTwin('client_secret')
  const resource = entry.upstream_resource === 'auto' ? entry.url : entry.upstream_resource
  return {
    // What is missing was noted, and then nothing of this is used.
    authorizationUrl: entry.authorization_url ?? '',
    tokenUrl: entry.token_url ?? '',
    clientId: readTwin('client_id') ?? '',
    tokenEndpointAuthMethod: entry.token_endpoint_auth_method ?? defaultMethod(clientSecret),
    namesIssuer: entry.authorization_response_iss_parameter_supported,
    authorizationParams: entry.authorization_params,
    tokenParams: entry.token_params,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(entry.issuer === undefined ? {} : { issuer: entry.issuer }),
    ...(entry.revocation_url === undefined ? {} : { revocationUrl: entry.revocation_url }),
    ...(resource === undefined ? {} : { resource }),
  }
}

function checkProviderKeys(
  path: readonly string[],
  entry: ServerEntry,
  { mistakes, failed }: ServerContext,
): void {
  const isThere = (key: keyof typeof REQUIRED | 'client_id_file' | 'client_secret_file') =>
    entry[key] !== undefined || failed.has(key)
  const demand = (key: keyof typeof REQUIRED) =>
    mistakes.push({ path, message: `Missing ${key}: ${REQUIRED[key]}` })
  if (!isThere('authorization_url')) demand('authorization_url')
  if (!isThere('token_url')) demand('token_url')
  if (!isThere('client_id') && !isThere('client_id_file')) demand('client_id')
  const needsIssuer = entry.authorization_response_iss_parameter_supported
  if (needsIssuer && !isThere('issuer')) demand('issuer')
  const needsSecret = /^client_secret/.test(entry.token_endpoint_auth_method ?? '')
  if (needsSecret && !isThere('client_secret') && !isThere('client_secret_file')) {
    demand('client_secret')
  }
}

/** LiteLLM's default, where there is a secret. */
function defaultMethod(clientSecret: string | undefined) {
  return clientSecret === undefined ? 'none' : 'client_secret_post'
}
