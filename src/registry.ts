import type { Access, Config, ProviderConfig, ServerConfig, SignInConfig } from './config/config.ts'

/** How users of a server sign in: at this provider. */
export type SignIn = Omit<SignInConfig, 'provider'> & { readonly provider: ProviderConfig }

/** A configured MCP server, its provider known. */
export type Server = Omit<ServerConfig, 'access'> & {
  readonly access: SignIn | Exclude<Access, SignInConfig>
}

/** A server whose users sign in. */
export type OAuthServer = Server & { readonly access: SignIn }

/** The configured MCP servers, found by what requests say of them. */
export interface Registry {
  readonly servers: readonly Server[]
  /** The server with this name or alias, letter for letter. */
  findByName(name: string): Server | undefined
  /** The server that claims this host, given without port. */
  findByHost(hostname: string): Server | undefined
  /** The server that stands behind the root, if the configuration leaves no doubt. */
  readonly rootServer: Server | undefined
  /** Whether there are root OAuth routes at all. */
  readonly hasRoot: boolean
  /** Whether several servers share the root, where each request must tell which one it means. */
  readonly hasSharedRoot: boolean
}

/** Stands for the server in a registration that was made where several share the root; no name has it. */
export const ANY_SERVER = '*'

/** Indexes the servers once, at the start. */
export function createRegistry(servers: readonly Server[], root: Config['root']): Registry {
  const byName = new Map<string, Server>()
  const byHost = new Map<string, Server>()
  for (const server of servers) {
    byName.set(server.name, server)
    if (server.alias !== undefined) byName.set(server.alias, server)
    if (server.host !== undefined) byHost.set(server.host, server)
  }
  return {
    servers,
    findByName: (name) => byName.get(name),
    findByHost: (hostname) => byHost.get(hostname),
    rootServer: root.kind === 'server' ? byName.get(root.name) : onlyOAuthServer(servers),
    hasRoot: root.kind !== 'off',
    hasSharedRoot: root.kind !== 'off' && servers.filter(isOAuthServer).length > 1,
  }
}

function onlyOAuthServer(servers: readonly Server[]): Server | undefined {
  const [first, ...others] = servers.filter(isOAuthServer)
  return others.length === 0 ? first : undefined
}

/** Whether users of this server sign in by OAuth. */
export function isOAuthServer(server: Server): server is OAuthServer {
  return server.access.kind === 'sign-in'
}
