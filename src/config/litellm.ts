import * as v from 'valibot'
import type { Mistake, Path } from './mistake.ts'

/** A LiteLLM configuration in our own words. */
export interface Adopted {
  /** The file's value, what belongs to LiteLLM alone taken out. */
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
  /** What its operator should know. */
  readonly notes: readonly string[]
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
  const read = Object.hasOwn(SETTINGS, section) ? SETTINGS[section] : undefined
  return path.length === 2 && read !== undefined && !read.includes(String(key))
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
  if (file.size === 0) return { value, mistakes: [], notes: [] }
  const notes: string[] = []
  const mistakes: Mistake[] = []
  const sections = [...file.keys()].filter(
    (key) => SECTIONS.has(key) || Object.hasOwn(SETTINGS, key),
  )
  if (sections.length > 0) notes.push(`Passed over what belongs to LiteLLM: ${sections.join(', ')}`)
  const general = new Map(membersOf(file.get('general_settings')))
  const litellm = new Map(membersOf(file.get('litellm_settings')))
  for (const section of sections) file.delete(section)
  adoptMasterKey(file, general)
  adoptTrustedProxies(file, general, notes)
  const servers = adoptServers(file.get('mcp_servers'), { notes, mistakes })
  if (servers !== undefined) {
    file.set('mcp_servers', withAliases(servers, litellm.get('mcp_aliases'), mistakes))
  }
  return { value: Object.fromEntries(file), mistakes, notes }
}

/** LiteLLM's one key for everything is an access key to every server. */
function adoptMasterKey(file: Map<string, unknown>, general: ReadonlyMap<string, unknown>): void {
  const key = general.get('master_key')
  const own = file.get('access_keys')
  if (typeof key !== 'string' || (own !== undefined && !Array.isArray(own))) return
  file.set('access_keys', [...(own ?? []), { name: 'master_key', key }])
}

function adoptTrustedProxies(
  file: Map<string, unknown>,
  general: ReadonlyMap<string, unknown>,
  notes: string[],
): void {
  const isOn = general.get('use_x_forwarded_for')
  if (isOn === undefined || file.has('trusted_proxies')) return
  const ranges = general.get('mcp_trusted_proxy_ranges')
  if (isOn === true && ranges !== undefined) {
    file.set('trusted_proxies', ranges)
    return
  }
  file.set('trusted_proxies', [])
  if (isOn === true) {
    notes.push(
      'use_x_forwarded_for without mcp_trusted_proxy_ranges trusts nobody: name the ranges of your proxies',
    )
  }
}

interface Findings {
  readonly notes: string[]
  readonly mistakes: Mistake[]
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
  const ours = members.filter(
    ([key]) => !(WITHOUT_MEANING.has(key) || POLICIES.has(key) || UNSUPPORTED.has(key)),
  )
  if (looksLikeMachine(new Map(ours))) {
    notes.push(
      `${name}: without oauth2_flow users sign in; for the proxy's own token set oauth2_flow: client_credentials`,
    )
  }
  return Object.fromEntries(ours)
}

function findUnsupported(key: string, value: unknown): string | undefined {
  if (!UNSUPPORTED.has(key) || value === UNSUPPORTED.get(key) || value === null) return undefined
  return key === 'available_on_public_internet'
    ? 'Not supported: servers are not hidden by IP address here, leave it out and keep the server on a listener of its own'
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
  mistakes: Mistake[],
): Record<string, unknown> {
  for (const [alias, name] of membersOf(aliases)) {
    const entry = typeof name === 'string' ? servers.get(name) : undefined
    if (typeof name !== 'string' || entry === undefined) {
      mistakes.push({
        path: ['litellm_settings', 'mcp_aliases', alias],
        message: 'Unknown server: want a name in mcp_servers',
      })
      continue
    }
    const members = new Map(membersOf(entry))
    if (!members.has('alias')) servers.set(name, Object.fromEntries([...members, ['alias', alias]]))
  }
  return Object.fromEntries(servers)
}
