import * as v from 'valibot'
import type { Mistake, Path } from './mistake.ts'

/** A LiteLLM configuration in our own words. */
export interface Adopted {
  /** The file's value, what belongs to LiteLLM alone taken out. */
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
  /** Where values of ours stand in the file. */
  readonly moved: readonly Moved[]
  /** What its operator should know. */
  readonly notes: readonly string[]
}

/** A value, by its path in our words and by that in the file. */
export interface Moved {
  readonly to: Path
  readonly from: Path
}

/** Sections of which nothing is read. */
const SECTIONS: ReadonlySet<string> = new Set([
  'environment_variables',
  'guardrails',
  'model_list',
  'router_settings',
])

/** Sections of which a few keys are read. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  general_settings: ['master_key', 'mcp_trusted_proxy_ranges', 'use_x_forwarded_for'],
  litellm_settings: ['mcp_aliases'],
}

/** What a server's entry may hold that means nothing here. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  // Both go with command, which is refused.
  'args',
  'env',
  'allow_elicitation',
  'allow_sampling',
  'env_vars',
  'instructions',
  'max_concurrent_requests',
  'mcp_info',
  'per_server_oauth_discovery',
  'server_id',
  'spec_version',
  'timeout',
  'token_storage_ttl_seconds',
])

/** What an operator may rely on, and must hear that it is not enforced here. */
const POLICIES: ReadonlySet<string> = new Set([
  'access_groups',
  'allow_all_keys',
  'allowed_params',
  'allowed_tools',
  'disallowed_tools',
  'mcp_access_groups',
  'token_validation',
])

/** The same in `general_settings`. */
const GENERAL_POLICIES = ['allowed_ips', 'mcp_allowed_clients']

/** What would expose or break a server if it were passed over, and the value that does not matter. */
const UNSUPPORTED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['available_on_public_internet', true],
  ['command', undefined],
  ['dcr_bridge', false],
  ['delegate_auth_to_upstream', false],
  ['is_byok', false],
  ['oauth_passthrough', false],
  ['spec_path', undefined],
  ['upstream_token_header', undefined],
])

/** Whether the value at a path is LiteLLM's own business and left unread. */
export function isPassedOver(path: Path): boolean {
  const [section = '', key] = path
  if (path.length === 1) return SECTIONS.has(String(section))
  if (section === 'mcp_servers') return path.length === 3 && isUnread(String(path[2]))
  const read = Object.hasOwn(SETTINGS, section) ? SETTINGS[section] : undefined
  return path.length === 2 && read !== undefined && !read.includes(String(key))
}

function isUnread(key: string): boolean {
  return WITHOUT_MEANING.has(key) || POLICIES.has(key)
}

const Map_ = v.record(v.string(), v.unknown())

/** The members of a map, or none for anything else. */
function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  const parsed = v.safeParse(Map_, value)
  return parsed.success && !Array.isArray(value) ? Object.entries(parsed.output) : []
}

/** Takes what LiteLLM's file says over into ours; a file without LiteLLM's sections stays as it is. */
export function adoptLiteLlm(value: unknown): Adopted {
  const file = new Map(membersOf(value))
  if (file.size === 0) return { value, mistakes: [], moved: [], notes: [] }
  const found: Findings = { notes: [], mistakes: [], moved: [] }
  const { notes } = found
  const sections = [...file.keys()].filter(
    (key) => SECTIONS.has(key) || Object.hasOwn(SETTINGS, key),
  )
  if (sections.length > 0) notes.push(`Passed over what belongs to LiteLLM: ${sections.join(', ')}`)
  const general = new Map(membersOf(file.get('general_settings')))
  const litellm = new Map(membersOf(file.get('litellm_settings')))
  for (const section of sections) file.delete(section)
  const policies = GENERAL_POLICIES.filter((key) => general.has(key))
  if (policies.length > 0) {
    notes.push(`general_settings: not enforced here: ${policies.join(', ')}`)
  }
  adoptMasterKey(file, general, found)
  adoptTrustedProxies(file, general, found)
  const servers = adoptServers(file.get('mcp_servers'), found)
  if (servers !== undefined) {
    file.set('mcp_servers', withAliases(servers, litellm.get('mcp_aliases'), found))
  }
  return { value: Object.fromEntries(file), ...found }
}

interface Findings {
  readonly notes: string[]
  readonly mistakes: Mistake[]
  readonly moved: Moved[]
}

/** LiteLLM's one key for everything is an access key to every server. */
function adoptMasterKey(
  file: Map<string, unknown>,
  general: ReadonlyMap<string, unknown>,
  { moved }: Findings,
): void {
  const key = general.get('master_key')
  const own = file.get('access_keys')
  if (key === undefined || key === null || (own !== undefined && !Array.isArray(own))) return
  const keys = own ?? []
  file.set('access_keys', [...keys, { name: 'master_key', key }])
  moved.push({
    to: ['access_keys', keys.length, 'key'],
    from: ['general_settings', 'master_key'],
  })
}

function adoptTrustedProxies(
  file: Map<string, unknown>,
  general: ReadonlyMap<string, unknown>,
  { notes, moved }: Findings,
): void {
  if (file.has('trusted_proxies')) return
  const isOn = general.get('use_x_forwarded_for')
  const ranges = general.get('mcp_trusted_proxy_ranges')
  if (isOn === true && ranges !== undefined) {
    file.set('trusted_proxies', ranges)
    moved.push({ to: ['trusted_proxies'], from: ['general_settings', 'mcp_trusted_proxy_ranges'] })
    return
  }
  if (isOn === true) {
    notes.push(
      'use_x_forwarded_for without mcp_trusted_proxy_ranges trusts nobody: name the ranges of your proxies',
    )
  } else if (isOn !== false && ranges !== undefined) {
    notes.push('mcp_trusted_proxy_ranges counts only with use_x_forwarded_for: true')
  }
  if (isOn !== undefined || ranges !== undefined) file.set('trusted_proxies', [])
}

/** The entries without what is LiteLLM's alone; undefined where they are no map. */
function adoptServers(value: unknown, findings: Findings): Map<string, unknown> | undefined {
  const servers = membersOf(value)
  if (servers.length === 0) return undefined
  return new Map(servers.map(([name, entry]) => [name, adoptServer(name, entry, findings)]))
}

function adoptServer(name: string, entry: unknown, { notes, mistakes }: Findings): unknown {
  const members = membersOf(entry)
  if (members.length === 0) return entry
  const policies = members.map(([key]) => key).filter((key) => POLICIES.has(key))
  if (policies.length > 0) {
    notes.push(`${name}: not enforced here, where all tools pass: ${policies.join(', ')}`)
  }
  for (const [key, value] of members) {
    const message = findUnsupported(key, value)
    if (message !== undefined) mistakes.push({ path: ['mcp_servers', name, key], message })
  }
  const ours = members.filter(([key]) => !(isUnread(key) || UNSUPPORTED.has(key)))
  if (looksLikeMachine(new Map(ours))) {
    notes.push(
      `${name}: without oauth2_flow users sign in; for the proxy's own token set oauth2_flow: client_credentials`,
    )
  }
  return Object.fromEntries(ours)
}

function findUnsupported(key: string, value: unknown): string | undefined {
  if (!UNSUPPORTED.has(key) || value === UNSUPPORTED.get(key) || value === null) return undefined
  if (key === 'available_on_public_internet') {
    return 'Not supported: servers are not hidden by IP address here, leave it out and keep the server on a listener of its own'
  }
  return key === 'command'
    ? 'Not supported: no programs are started here, want the url of a server that runs'
    : 'Not supported by this proxy: leave it out, and keep the server in LiteLLM if it needs it'
}

/** A client, its secret and a token endpoint, but nowhere to send a user. */
function looksLikeMachine(entry: ReadonlyMap<string, unknown>): boolean {
  const has = (...keys: readonly string[]) => keys.every((key) => entry.has(key))
  return (
    entry.get('auth_type') === 'oauth2' &&
    has('client_id', 'client_secret', 'token_url') &&
    !['oauth2_flow', 'authorization_url', 'issuer'].some((key) => entry.has(key))
  )
}

/** `mcp_aliases: { alias: server }`; of several for one server the first counts, as in LiteLLM. */
function withAliases(
  servers: Map<string, unknown>,
  aliases: unknown,
  { mistakes, moved }: Findings,
): Record<string, unknown> {
  for (const [alias, name] of membersOf(aliases)) {
    const path = ['litellm_settings', 'mcp_aliases', alias]
    const entry = typeof name === 'string' ? servers.get(name) : undefined
    if (typeof name !== 'string' || entry === undefined) {
      mistakes.push({ path, message: 'Unknown server: want a name in mcp_servers' })
      continue
    }
    const members = new Map(membersOf(entry))
    if (members.has('alias')) continue
    servers.set(name, Object.fromEntries([...members, ['alias', alias]]))
    moved.push({ to: ['mcp_servers', name, 'alias'], from: path })
  }
  return Object.fromEntries(servers)
}
