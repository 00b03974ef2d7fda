import type { Access, AccessKey, IdentityRules, ProviderConfig } from './config.ts'
import type { EntryContext } from './entry.ts'
import type { ServerEntry } from './server-schema.ts'

/** An identity provider, and whom of its users it lets in. */
export interface IdentityProvider {
  readonly provider: ProviderConfig
  readonly identity: IdentityRules
}

/** What servers share: the keys, and the places to sign in. */
export interface Gates {
  readonly accessKeys: readonly AccessKey[]
  /** False where one of the keys is wrong, so that what is missing can not be told. */
  readonly areKeysKnown: boolean
  readonly identityProviders: ReadonlyMap<string, IdentityProvider>
  /** Names of those that are there, if only with a mistake. */
  readonly identityNames: ReadonlySet<string>
}

/** Who comes in at a server whose upstream credential is not the user's own; mistakes are noted. */
export function createAccess(
  name: string,
  entry: ServerEntry,
  { gates, context }: { readonly gates: Gates; readonly context: EntryContext },
): Access {
  const { access } = entry
  if (access === 'open') return { kind: 'open' }
  if (typeof access === 'object') return createSignIn(access.sign_in, entry, { gates, context })
  const keys = gates.accessKeys.filter(({ servers }) => servers?.includes(name) ?? true)
  if (keys.length > 0 || !gates.areKeysKnown) return { kind: 'keys', keys }
  if (!context.isThere('access')) {
    context.note(
      'auth_type',
      'Missing access: open, keys or { sign_in: NAME }, without which nobody may use this server',
    )
  }
  if (access === 'keys') {
    context.note('access', 'No key lets anybody in: add one to access_keys')
  }
  return { kind: 'keys', keys }
}

function createSignIn(
  at: string,
  entry: ServerEntry,
  { gates, context }: { readonly gates: Gates; readonly context: EntryContext },
): Access {
  const found = gates.identityProviders.get(at)
  if (found === undefined) {
    if (!gates.identityNames.has(at)) {
      context.note('access', 'Unknown identity provider: want a name in identity_providers')
    }
    return { kind: 'open' }
  }
  if (entry.tokens === 'passthrough') {
    context.note(
      'tokens',
      'Unusable value: want sealed where users sign in at an identity provider',
    )
  }
  return { kind: 'sign-in', tokens: 'sealed', callback: entry.callback, ...found }
}
