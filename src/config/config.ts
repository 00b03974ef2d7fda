/** A forwarded header that a configuration may name. */
export type ForwardedHeader =
  | 'x-forwarded-proto'
  | 'x-forwarded-host'
  | 'x-forwarded-port'
  | 'x-forwarded-prefix'
  | 'forwarded'

/** The whole configuration, checked; see the reference in the README. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number }
  readonly publicUrl?: string
  readonly trustedProxies: readonly string[]
  readonly forwardedHeaders: readonly ForwardedHeader[]
  readonly allowedHosts: readonly string[]
  readonly secretKeys: readonly string[]
  readonly log: {
    readonly level: 'debug' | 'info' | 'warning' | 'error'
    readonly format: 'json' | 'pretty'
  }
  readonly allowedRedirectUris: readonly string[]
  readonly registration: 'known' | 'open'
  readonly consent: 'always' | 'remember' | 'never'
  /** How long a session lives without use and at all, in seconds. */
  readonly session: { readonly idle: number; readonly max: number }
  readonly clients: readonly ClientConfig[]
  readonly root:
    | { readonly kind: 'auto' }
    | { readonly kind: 'off' }
    | { readonly kind: 'server'; readonly name: string }
  readonly servers: readonly ServerConfig[]
}

/** A client that the operator registered. */
export interface ClientConfig {
  readonly id: string
  readonly name?: string
  readonly redirectUris: readonly string[]
  /** SHA-256 of its secret, hexadecimal; a client without one is public. */
  readonly secretSha256?: string
}

/** How users come in at a server and what goes upstream. */
export type ServerAuth =
  | {
      readonly kind: 'oauth2'
      readonly provider: ProviderConfig | 'demo'
      readonly scopes: readonly string[]
      readonly tokens: 'sealed' | 'passthrough'
      readonly callback: 'own' | 'shared'
    }
  | { readonly kind: 'none' }

/** The authorization server that protects an MCP server, and our client there. */
export interface ProviderConfig {
  readonly authorizationUrl: string
  readonly tokenUrl: string
  /** RFC 7009. */
  readonly revocationUrl?: string
  readonly issuer?: string
  /** Whether its answers always name it (RFC 9207 §3), so that one without is not its own. */
  readonly namesIssuer: boolean
  readonly clientId: string
  readonly clientSecret?: string
  readonly tokenEndpointAuthMethod: 'client_secret_basic' | 'client_secret_post' | 'none'
  readonly authorizationParams: Readonly<Record<string, string>>
  readonly tokenParams: Readonly<Record<string, string>>
  readonly resource?: string
}

/** One entry of `mcp_servers`. */
export interface ServerConfig {
  readonly name: string
  readonly alias?: string
  readonly url: string
  readonly host?: string
  readonly auth: ServerAuth
  readonly allowedRedirectUris: readonly string[]
  readonly staticHeaders: readonly (readonly [string, string])[]
  readonly extraHeaders: readonly string[]
}

/** One mistake in a configuration file; line and column count from 1. */
export interface ConfigProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The key, as `mcp_servers.github.url`. */
  readonly path: string
  readonly message: string
}

/** All the mistakes of a configuration, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

function formatProblem({ file, line, column, path, message }: ConfigProblem): string {
  return `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`
}
