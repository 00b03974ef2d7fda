import { createAccess, type Gates } from './access.ts'
import type { Access, Credential, ServerConfig } from './config.ts'
import { createCredential } from './credential.ts'
import { INHERITED } from './document.ts'
import type { EntryContext } from './entry.ts'
import { createServerProvider } from './provider.ts'
import type { ServerEntry, TypedEntry } from './server-schema.ts'

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
  if (INHERITED.has(name)) return 'Unusable name: choose another'
  if (!/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/.test(name)) {
    return 'Unusable name: want 1 to 64 letters, digits, _, - and ., but no . at the start'
  }
  return RESERVED.has(name) ? 'Reserved name: it is a path of the proxy, choose another' : undefined
}

/** A server out of its entry; what is missing or does not go together is noted. */
export function createServer(
  name: string,
  entry: ServerEntry,
  { gates, context }: { readonly gates: Gates; readonly context: EntryContext },
): ServerConfig {
  return {
    name,
    url: entry.url,
    ...(entry.alias === undefined ? {} : { alias: entry.alias }),
    ...(entry.host === undefined ? {} : { host: entry.host }),
    ...(isTypeWrong(entry, context)
      ? UNDECIDED
      : decide(name, withType(name, entry, { gates, context }), { gates, context })),
    allowedRedirectUris: entry.allowed_redirect_uris,
    staticHeaders: entry.static_headers,
    extraHeaders: entry.extra_headers,
  }
}

/** Of a type that is there but wrong, which was noted, nothing can be concluded. */
function isTypeWrong({ auth_type: type }: ServerEntry, context: EntryContext): boolean {
  return type === undefined && context.isThere('auth_type')
}

const UNDECIDED = { access: { kind: 'open' }, credential: { kind: 'none' } } as const

/** As in LiteLLM an entry without a type asks nobody for a token; then it must say who may come in. */
function withType(
  name: string,
  entry: ServerEntry,
  { gates, context }: { readonly gates: Gates; readonly context: EntryContext },
): TypedEntry {
  const { auth_type: type = 'none' } = entry
  if (entry.auth_type !== undefined) return { ...entry, auth_type: type }
  const hasKey = gates.accessKeys.some(({ servers }) => servers?.includes(name) ?? true)
  if (hasKey || !gates.areKeysKnown || context.isThere('access'))
    return { ...entry, auth_type: type }
  context.demand('auth_type', 'oauth2 where users sign in, none where the server asks for nothing')
  return { ...entry, auth_type: type, access: 'open' }
}

/** The two decisions: who comes in, and what goes upstream. */
function decide(
  name: string,
  entry: TypedEntry,
  { gates, context }: { readonly gates: Gates; readonly context: EntryContext },
): { readonly access: Access; readonly credential: Credential } {
  const isInteractive = entry.auth_type === 'oauth2' && entry.oauth2_flow !== 'client_credentials'
  if (entry.url === 'builtin:demo' && !isInteractive) {
    context.note('auth_type', 'The demo has a sign-in: want oauth2, authorization_code')
  }
  if (isInteractive) {
    if (entry.access !== undefined) {
      context.note('access', 'Unusable key: who signs in at an oauth2 server may use it')
    }
    const provider =
      entry.url === 'builtin:demo' ? 'demo' : createServerProvider(name, entry, context)
    const { tokens, callback } = entry
    return { access: { kind: 'sign-in', provider, tokens, callback }, credential: { kind: 'user' } }
  }
  const credential = createCredential(name, entry, context)
  if (credential.kind !== 'client') {
    return { access: createAccess(name, entry, { gates, context }), credential }
  }
  if (entry.access !== undefined) {
    context.note('access', 'Unusable key: in true_passthrough the MCP server decides who comes in')
  }
  return { access: { kind: 'upstream' }, credential }
}
