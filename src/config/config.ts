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
  readonly tokenCache: TokenCacheConfig
  /** The path that front ends leave in place, as `/llm`; part of B where no public URL is set. */
  readonly rootPath?: string
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

/** A bearer key that lets programs in: by its hash, or as it came out of the environment. */
export interface AccessKey {
  readonly name?: string
  /** SHA-256, hexadecimal. */
  readonly sha256?: string
  readonly key?: string
  /** The servers it is good for; all, where none are named. */
  readonly servers?: readonly string[]
}

/** Who may come in at a server. What then goes upstream is another decision. */
export type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'keys'; readonly keys: readonly AccessKey[] }
  /** The upstream judges the client's own credential. */
  | { readonly kind: 'upstream' }
  | SignInConfig

/** Users sign in, at the server's own provider or at an identity provider. */
export interface SignInConfig {
  readonly kind: 'sign-in'
  readonly provider: ProviderConfig | 'demo'
  readonly tokens: 'sealed' | 'passthrough'
  readonly callback: 'own' | 'shared'
  /** Whom an identity provider's users must be; a server's own provider decides by itself. */
  readonly identity?: IdentityRules
}

/** Whoever one of these names is let in. */
export interface IdentityRules {
  readonly emails: readonly string[]
  readonly domains: readonly string[]
  readonly groups: readonly string[]
}

/** What a request takes upstream. */
export type Credential =
  | { readonly kind: 'none' }
  /** The signed-in user's own provider token. */
  | { readonly kind: 'user' }
  /** The client's `Authorization`, untouched. */
  | { readonly kind: 'client' }
  | { readonly kind: 'static'; readonly header: readonly [name: string, value: string] }
  /** A token of the proxy's own, by the client credentials grant (RFC 6749 §4.4). */
  | { readonly kind: 'machine'; readonly provider: ProviderConfig }
  /** A token that the signed-in user's is exchanged for (RFC 8693). */
  | {
      readonly kind: 'exchange'
      readonly provider: ProviderConfig
      readonly exchange: ExchangeConfig
    }

/** How a token exchange is asked for. */
export interface ExchangeConfig {
  readonly profile: 'rfc8693' | 'entra_obo'
  readonly audience?: string
  readonly subjectTokenType: string
}

/** How our client authenticates at a provider (RFC 6749 §2.3, RFC 7523). */
export type ClientAuthenticationMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'none'

/** Our client at a provider. */
export interface ProviderClient {
  readonly clientId: string
  readonly clientSecret?: string
  readonly method: ClientAuthenticationMethod
}

/** A private key that our client signs assertions with. */
export interface PrivateKeyConfig {
  /** PKCS#8 as PEM, or a JWK. */
  readonly text: string
  readonly keyId?: string
  readonly algorithm?: string
}

/** An authorization server as configured; what is missing is discovered. */
export interface ProviderConfig {
  /** What stands for it in caches: the name of its server, or of its identity provider. */
  readonly key: string
  /** The MCP server that it protects, where discovery starts; an identity provider has none. */
  readonly resourceUrl?: string
  readonly authorizationUrl?: string
  readonly tokenUrl?: string
  /** RFC 7591. */
  readonly registrationUrl?: string
  /** RFC 7009. */
  readonly revocationUrl?: string
  readonly issuer?: string
  /** Whether its answers always name it (RFC 9207 §3), so that one without is not its own. */
  readonly namesIssuer: boolean
  /** Our client there; without one we bring our metadata document, or register. */
  readonly client?: ProviderClient
  readonly privateKey?: PrivateKeyConfig
  /** What is asked for where the client asks for nothing. */
  readonly scopes: readonly string[]
  readonly authorizationParams: Readonly<Record<string, string>>
  readonly tokenParams: Readonly<Record<string, string>>
  /** RFC 8707: `auto` for the server's URL, `none` for never; else what discovery finds. */
  readonly resource?: 'auto' | 'none' | `http${string}`
}

/** How tokens that the proxy fetches for itself are kept, in seconds. */
export interface TokenCacheConfig {
  /** Taken off a token's life, so that none dies on its way. */
  readonly expiryBuffer: number
  readonly minLifetime: number
  /** Where the provider names no expiry. */
  readonly defaultLifetime: number
  /** How many are kept. */
  readonly maxSize: number
}

/** One entry of `mcp_servers`. */
export interface ServerConfig {
  readonly name: string
  readonly alias?: string
  readonly url: string
  readonly host?: string
  readonly access: Access
  readonly credential: Credential
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
