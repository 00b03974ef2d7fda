import type { PublicBase } from './public-base.ts'

/** The paths by which one server's MCP endpoint or issuer can be named below B. */
export type IssuerPath = '' | `/${string}`

/** Every URL that this proxy publishes, for one public base. */
export interface Endpoints {
  readonly base: string
  /** The MCP endpoint or other resource at a path below B. */
  resource(path: string): string
  /** The issuer identifier for a path below B (RFC 8414 §2). */
  issuer(path: IssuerPath): string
  /** The metadata of the protected resource at a path, well-known part inserted (RFC 9728 §3.1). */
  protectedResourceMetadata(path: string): string
  authorize(issuerPath: IssuerPath, server: string | undefined): string
  consent(server: string): string
  /** Where the provider sends the browser back to. */
  callback(server: string, kind: 'own' | 'shared'): string
  token(server: string | undefined): string
  register(server: string | undefined): string
  revoke(server: string | undefined): string
  jwks(server: string | undefined): string
  /** Our own client's metadata document, for a server's provider to fetch. */
  clientMetadata(server: string): string
}

/** The URL builder of one request. */
export function createEndpoints({ origin, prefix }: PublicBase): Endpoints {
  const base = `${origin}${prefix}`
  const endpoint = (name: string) => (server: string | undefined) =>
    server === undefined ? `${base}/${name}` : `${base}/${server}/${name}`
  return {
    base,
    resource: (path) => `${base}${path}`,
    issuer: (path) => `${base}${path}`,
    protectedResourceMetadata: (path) =>
      `${origin}/.well-known/oauth-protected-resource${prefix}${path}`,
    authorize: (issuerPath, server) => `${base}${authorizePath(issuerPath, server)}/authorize`,
    consent: endpoint('consent'),
    callback: (server, kind) => `${base}${kind === 'own' ? `/${server}` : ''}/callback`,
    token: endpoint('token'),
    register: endpoint('register'),
    revoke: endpoint('revoke'),
    jwks: endpoint('jwks'),
    clientMetadata: endpoint('client-metadata.json'),
  }
}

/**
 * Several documents describe one server, and the `iss` that a client gets back must be that of
 * the document it read (RFC 9207 §2.4): the path of their authorization endpoints tells them apart.
 */
function authorizePath(issuerPath: IssuerPath, server: string | undefined): string {
  return issuerPath === '' && server !== undefined ? `/${server}/root` : issuerPath
}

/** The issuer that the authorization endpoint at this path speaks for; the inverse of `authorize`. */
export function issuerPathOf(authorizationPath: string): IssuerPath {
  const path = authorizationPath.replace(/\/(?:authorize|consent)$/, '')
  return path === '' || /^\/[^/]+\/root$/.test(path) ? '' : `/${path.slice(1)}`
}
