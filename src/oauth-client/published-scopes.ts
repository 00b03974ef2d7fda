import type { Ready } from '../ready.ts'
import type { OAuthServer } from '../registry.ts'
import type { ProviderResult, Providers } from './providers.ts'

const PATIENCE = 3_000 // milliseconds; clients give up on metadata that takes longer than scopes are worth

/** The scopes that a server's metadata names: what is asked for, as far as it can be known now. */
export function publishedScopes(
  providers: Providers,
  { access }: OAuthServer,
): Ready<readonly string[]> {
  // What somebody signs in with elsewhere is between us and that provider.
  if (access.identity !== undefined) return NO_SCOPES
  const { provider: config } = access
  if (config.scopes.length > 0) return config.scopes
  const found = providers.find(config)
  return found instanceof Promise ? scopesInTime(found) : scopesOf(found)
}

function scopesOf(found: ProviderResult | undefined): readonly string[] {
  return found?.kind === 'found' ? found.provider.scopes : NO_SCOPES
}

/** The same each time, as what is made of it is kept. */
const NO_SCOPES: readonly string[] = []

async function scopesInTime(finding: Promise<ProviderResult>): Promise<readonly string[]> {
  let patience: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    patience = setTimeout(() => resolve(undefined), PATIENCE)
  })
  try {
    return scopesOf(await Promise.race([finding, late]))
  } finally {
    clearTimeout(patience)
  }
}
