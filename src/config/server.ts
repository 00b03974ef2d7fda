import type { ProviderConfig, ServerAuth, ServerConfig } from './config.ts'
import type { Mistake } from './document.ts'
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
  if (!/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/.test(name)) {
    return 'Unusable name: want 1 to 64 letters, digits, _, - and .'
  }
  return RESERVED.has(name) ? 'Reserved name: it is a path of the proxy, choose another' : undefined
}

/** A server out of its entry; what is missing or does not go together is noted. */
export function createServer(
  name: string,
  entry: ServerEntry,
  context: { readonly mistakes: Mistake[]; readonly readSecret: ReadSecret },
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

interface Context {
  readonly mistakes: Mistake[]
  readonly readSecret: ReadSecret
}

function createAuth(name: string, entry: ServerEntry, context: Context): ServerAuth {
  const note = (key: string, message: string) =>
    context.mistakes.push({ path: ['mcp_servers', name, key], message })
  if (entry.auth_type === 'none') {
    if (entry.access === undefined) {
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
}

function createProvider(name: string, entry: ServerEntry, context: Context): ProviderConfig {
  const path = ['mcp_servers', name]
  const readFileKey = (key: 'client_id_file' | 'client_secret_file') => {
    const file = entry[key]
    return file === undefined ? undefined : context.readSecret([...path, key], file)
  }
  const required = (key: keyof typeof REQUIRED, value: string | undefined) => {
    if (value === undefined) {
      context.mistakes.push({ path, message: `Missing ${key}: ${REQUIRED[key]}` })
    }
    return value ?? ''
  }
  const clientSecret = entry.client_secret ?? readFileKey('client_secret_file')
  return {
    authorizationUrl: required('authorization_url', entry.authorization_url),
    tokenUrl: required('token_url', entry.token_url),
    clientId: required('client_id', entry.client_id ?? readFileKey('client_id_file')),
    tokenEndpointAuthMethod: entry.token_endpoint_auth_method ?? defaultMethod(clientSecret),
    authorizationParams: entry.authorization_params,
    tokenParams: entry.token_params,
    ...optional('clientSecret', clientSecret),
    ...optional('issuer', entry.issuer),
    ...optional(
      'resource',
      entry.upstream_resource === 'auto' ? entry.url : entry.upstream_resource,
    ),
  }
}

/** LiteLLM's default, where there is a secret. */
function defaultMethod(clientSecret: string | undefined) {
  return clientSecret === undefined ? 'none' : 'client_secret_post'
}

function optional<K extends string>(
  key: K,
  value: string | undefined,
): { readonly [key in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: string }) // one computed key
}
