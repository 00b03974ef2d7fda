import type { Config, ServerConfig } from './config.ts'
import { failedKeys, type Mistake } from './mistake.ts'
import { findNameMistake } from './server.ts'

/** What there is to check together. */
export interface Together {
  readonly config: Config
  /** The names of all servers, of those with mistakes too. */
  readonly names: readonly string[]
  readonly mistakes: Mistake[]
}

/** Notes what is right by itself but does not go together; silent where a key in it is wrong already. */
export function checkTogether(together: Together): void {
  const { config, names, mistakes } = together
  const failed = failedKeys(mistakes, [])
  const note = (key: string, message: string) => mistakes.push({ path: [key], message })
  checkListener(config, { failed, note })
  const { forwardedHeaders, root, servers } = config
  if (forwardedHeaders.includes('forwarded') && forwardedHeaders.length > 1) {
    note(
      'forwarded_headers',
      'Unusable list: want forwarded alone, or x-forwarded-… headers, since clients can send the others',
    )
  }
  if (names.length === 0 && !failed.has('mcp_servers')) note('mcp_servers', 'No server: add one')
  const known = new Set(names)
  for (const server of servers) checkAlias(server, known, mistakes)
  for (const [at, { id }] of config.clients.entries()) {
    if (!known.has(id)) continue
    const message = 'Unusable id: it is a server, whose own clients have it'
    mistakes.push({ path: ['clients', at, 'id'], message })
  }
  checkHosts(servers, mistakes)
  if (root.kind === 'server' && !known.has(root.name)) {
    note('root', 'Unknown server: want auto, off or a name in mcp_servers')
  }
}

function checkListener(
  { listen, publicUrl, allowedHosts, secretKeys }: Config,
  {
    failed,
    note,
  }: { failed: ReadonlySet<string>; note: (key: string, message: string) => unknown },
): void {
  if (/^(?:localhost|::1|127(?:\.\d{1,3}){3})$/.test(listen.host)) return
  const isFailed = (...keys: readonly string[]) => keys.some((key) => failed.has(key))
  const hasHost = publicUrl !== undefined || allowedHosts.length > 0
  if (!hasHost && !isFailed('public_url', 'allowed_hosts')) {
    note(
      'listen',
      'Missing public_url or allowed_hosts: beyond loopback the public host must be named',
    )
  }
  if (secretKeys.length === 0 && !isFailed('secret_keys', 'secret_keys_file')) {
    note(
      'listen',
      'Missing secret_keys: beyond loopback they must be configured, make one with mcp-oauth-proxy keygen',
    )
  }
}

function checkAlias({ name, alias }: ServerConfig, known: Set<string>, mistakes: Mistake[]): void {
  if (alias === undefined) return
  const path = ['mcp_servers', name, 'alias']
  const nameMistake = findNameMistake(alias)
  if (nameMistake !== undefined) mistakes.push({ path, message: nameMistake })
  if (alias !== name && known.has(alias)) {
    mistakes.push({ path, message: 'Duplicate name: another server has it' })
  }
  known.add(alias)
}

function checkHosts(servers: readonly ServerConfig[], mistakes: Mistake[]): void {
  const seen = new Set<string>()
  for (const { name, host } of servers) {
    if (host === undefined) continue
    if (seen.has(host)) {
      mistakes.push({
        path: ['mcp_servers', name, 'host'],
        message: 'Duplicate host: another server claims it',
      })
    }
    seen.add(host)
  }
}
