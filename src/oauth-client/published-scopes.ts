import type { OAuthServer } from '../registry.ts'
import type { Providers } from './providers.ts'

/** The scopes that a server's metadata names: what is asked for, as far as it can be known now. */
export async function publishedScopes(
  providers: Providers,
  { access }: OAuthServer,
): Promise<readonly string[]> {
  // What somebody signs in with elsewhere is between us and that provider.
  if (access.identity !== undefined) return []
  const { provider: config } = access
  if (config.scopes.length > 0) return config.scopes
  const found = await providers.find(config)
  return found.kind === 'found' ? found.provider.scopes : []
}
