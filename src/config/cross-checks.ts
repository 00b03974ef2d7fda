import type { Config, ServerConfig } from './config.ts'
import type { Mistake } from './document.ts'
import { findNameMistake } from './server.ts'
import { isLongEnough } from './values.ts'

/** Notes what is right by itself but does not go together. */
export function checkTogether(config: Config, mistakes: Mistake[]): void {
  checkListener(config, mistakes)
  checkSecretKeys(config, mistakes)
  checkServers(config, mistakes)
  const { forwardedHeaders } = config
  if (forwardedHeaders.includes('forwarded') && forwardedHeaders.length > 1) {
    mistakes.push({
      path: ['forwarded_headers'],
      message:
        'Unusable list: want forwarded alone, or x-forwarded-… headers, since clients can send the others',
    })
  }
}

function checkListener(
  { listen, publicUrl, allowedHosts, secretKeys }: Config,
  mistakes: Mistake[],
) {
  if (/^(?:localhost|::1|127(?:\.\d{1,3}){3})$/.test(listen.host)) return
  if (publicUrl === undefined && allowedHosts.length === 0) {
    mistakes.push({
      path: ['listen'],
      message: 'Missing public_url or allowed_hosts: beyond loopback the public host must be named',
    })
  }
  if (secretKeys.length === 0) {
    mistakes.push({
      path: ['listen'],
      message:
        'Missing secret_keys: beyond loopback they must be configured, make one with mcp-oauth-proxy keygen',
    })
  }
}

function checkSecretKeys({ secretKeys }: Config, mistakes: Mistake[]): void {
  for (const [at, key] of secretKeys.entries()) {
    const path = ['secret_keys', at]
    // Those of the list were measured by the schema; these came out of a file.
    if (!isLongEnough(key)) mistakes.push({ path, message: 'Too short: want at least 32 bytes' })
    if (secretKeys.indexOf(key) < at) {
      mistakes.push({ path, message: 'Duplicate key: want each once' })
    }
  }
}

function checkServers({ servers, root }: Config, mistakes: Mistake[]): void {
  if (servers.length === 0 && !mistakes.some(({ path }) => path[0] === 'mcp_servers')) {
    mistakes.push({ path: ['mcp_servers'], message: 'No server: add one' })
  }
  const names = new Set(servers.map(({ name }) => name))
  for (const server of servers) checkAlias(server, names, mistakes)
  checkHosts(servers, mistakes)
  const isKnown = root.kind !== 'server' || names.has(root.name)
  if (!isKnown)
    mistakes.push({
      path: ['root'],
      message: 'Unknown server: want auto, off or a name in mcp_servers',
    })
}

function checkAlias({ name, alias }: ServerConfig, names: Set<string>, mistakes: Mistake[]): void {
  if (alias === undefined) return
  const path = ['mcp_servers', name, 'alias']
  const nameMistake = findNameMistake(alias)
  if (nameMistake !== undefined) mistakes.push({ path, message: nameMistake })
  if (alias !== name && names.has(alias)) {
    mistakes.push({ path, message: 'Duplicate name: another server has it' })
  }
  names.add(alias)
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
