import type { Gates } from './access.ts'
import type { AccessKey } from './config.ts'
import { createEntryContext, type ReadSecret } from './entry.ts'
import { failedKeys, type Mistake } from './mistake.ts'
import { createIdentityProvider } from './provider.ts'
import type { ConfigFile } from './schema.ts'
import type { IdentityProviderEntry } from './server-schema.ts'

interface Context {
  readonly mistakes: Mistake[]
  readonly readSecret: ReadSecret
}

/** What servers share for letting people and programs in; mistakes are noted. */
export function readGates(file: ConfigFile, context: Context): Gates {
  const names = Object.keys(file.identity_providers)
  const failed = failedKeys(context.mistakes, ['identity_providers'])
  const accessKeys = file.access_keys.map((entry, at) =>
    readAccessKey(entry, at, { file, ...context }),
  )
  return {
    accessKeys,
    areKeysKnown: areKeysKnown(context.mistakes),
    identityProviders: new Map(
      Object.entries(file.identity_providers).map(([name, entry]) => [
        name,
        readIdentityProvider(name, entry, context),
      ]),
    ),
    identityNames: new Set([...names, ...failed]),
  }
}

function areKeysKnown(mistakes: readonly Mistake[]): boolean {
  const isMasterKeyWrong = failedKeys(mistakes, ['general_settings']).has('master_key')
  return !isMasterKeyWrong && !failedKeys(mistakes, []).has('access_keys')
}

function readAccessKey(
  entry: ConfigFile['access_keys'][number],
  at: number,
  { file, mistakes, readSecret }: Context & { readonly file: ConfigFile },
): AccessKey {
  checkAccessKey(entry, at, { file, mistakes })
  const path = ['access_keys', String(at)]
  const key =
    entry.key ??
    (entry.key_file === undefined ? undefined : readSecret([...path, 'key_file'], entry.key_file))
  return {
    ...(entry.name === undefined ? {} : { name: entry.name }),
    ...(entry.sha256 === undefined ? {} : { sha256: entry.sha256 }),
    ...(key === undefined ? {} : { key }),
    ...(entry.servers === undefined ? {} : { servers: entry.servers }),
  }
}

function checkAccessKey(
  entry: ConfigFile['access_keys'][number],
  at: number,
  { file, mistakes }: { readonly file: ConfigFile; readonly mistakes: Mistake[] },
): void {
  const path = ['access_keys', String(at)]
  if (entry.sha256 === undefined && entry.key === undefined && entry.key_file === undefined) {
    mistakes.push({
      path,
      message: 'Missing sha256: the hash of the key, or the key itself as key',
    })
  }
  for (const name of entry.servers ?? []) {
    if (Object.hasOwn(file.mcp_servers, name)) continue
    mistakes.push({
      path: [...path, 'servers'],
      message: 'Unknown server: want names in mcp_servers',
    })
  }
}

function readIdentityProvider(name: string, entry: IdentityProviderEntry, shared: Context) {
  const path = ['identity_providers', name]
  const failed = failedKeys(shared.mistakes, path)
  const context = createEntryContext({ path, keys: Object.keys(entry), failed, ...shared })
  if (!context.isThere('client_id', 'client_id_file')) {
    context.demand('client_id', 'the id of your app at the provider')
  }
  const identity = {
    emails: entry.allowed_emails.map((email) => email.toLowerCase()),
    domains: entry.allowed_domains.map((domain) => domain.toLowerCase().replace(/^@/, '')),
    groups: entry.allowed_groups,
  }
  const rules = ['allowed_emails', 'allowed_domains', 'allowed_groups']
  const isOpen = Object.values(identity).every((list) => list.length === 0)
  if (isOpen && !rules.some((key) => failed.has(key))) {
    context.demand(
      'allowed_emails',
      'whom to let in, or allowed_domains or allowed_groups; "*" in it lets in every user of the provider',
    )
  }
  return { provider: createIdentityProvider(name, entry, context), identity }
}
