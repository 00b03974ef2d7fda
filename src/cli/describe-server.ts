import type { ServerConfig } from '../config/config.ts'

/** Who comes in at a server, in a few words. */
export function describeAccess({ access }: Pick<ServerConfig, 'access'>): string {
  switch (access.kind) {
    case 'open':
      return 'anyone'
    case 'keys':
      return `access keys (${access.keys.length})`
    case 'upstream':
      return 'whoever the server lets in'
    case 'sign-in': {
      const { provider } = access
      if (provider === 'demo') return 'sign-in at the demo'
      const at = provider.issuer ?? provider.authorizationUrl
      return at === undefined ? 'sign-in at its provider' : `sign-in at ${new URL(at).host}`
    }
  }
}

/** What goes upstream, in a few words. */
export function describeCredential({ credential }: Pick<ServerConfig, 'credential'>): string {
  switch (credential.kind) {
    case 'none':
      return 'nothing'
    case 'user':
      return "the user's token"
    case 'client':
      return "the client's Authorization"
    case 'static':
      return `${credential.header[0] === 'x-api-key' ? 'X-API-Key' : 'Authorization'} as configured`
    case 'machine':
      return "the proxy's own token"
    case 'exchange':
      return "a token exchanged for the user's"
  }
}

/** The servers as a table: name, public path, who comes in, what goes upstream. */
export function tabulate(servers: readonly ServerConfig[]): string {
  const rows = servers.map((server) => [
    server.name,
    `/${server.name}/mcp`,
    describeAccess(server),
    describeCredential(server),
  ])
  const all = [['server', 'path', 'who comes in', 'what goes upstream'], ...rows]
  const widths = [0, 1, 2].map((at) => Math.max(...all.map((row) => row[at]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
