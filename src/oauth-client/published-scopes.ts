import type { OAuthServer } from '../registry.ts'
import type { Providers } from './providers.ts'

const PATIENCE = 3_000 // milliseconds; clients give up on metadata that takes longer than scopes are worth

/** The scopes that a server's metadata names: what is asked for, as far as it can be known now. */
export async function publishedScopes(
  providers: Providers,
  { access }: OAuthServer,
): Promise<readonly string[]> {
  // What somebody signs in with elsewhere is between us and that provider.
  if (access.identity !== undefined) return []
  const { provider: config } = access
  if (config.scopes.length > 0) return config.scopes
  let patience: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    patience = setTimeout(() => resolve(undefined), PATIENCE)
  })
  try {
    const found = await Promise.race([providers.find(config), late])
    return found?.kind === 'found' ? found.provider.scopes : []
  } finally {
    clearTimeout(patience)
  }
}
