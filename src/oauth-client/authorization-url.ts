import type { ProviderClient } from '../config/config.ts'
import { OFFLINE } from '../oauth/scope.ts'
import { type Provider, resourceParameterOf } from './provider.ts'
import { toProviderScope } from './provider-quirks.ts'

/** What is asked of the provider for one flow. */
export interface ProviderAuthorization {
  readonly redirectUri: string
  readonly state: string
  readonly codeChallenge: string
  readonly scope: readonly string[]
  /** OpenID Connect Core §3.1.2.1, where an ID token is expected. */
  readonly nonce?: string
}

/** The URL that starts a sign-in at the provider (RFC 6749 §4.1.1), its own query kept. */
export function createAuthorizationUrl(
  { provider, client }: { readonly provider: Provider; readonly client: ProviderClient },
  flow: ProviderAuthorization,
): string {
  const url = new URL(provider.authorizationUrl ?? '')
  const { quirks, config } = provider
  const scope = scopeFor({ provider, client }, flow.scope)
  const parameters: Record<string, string> = {
    ...quirks.authorizationParams,
    ...promptOf(provider, flow.scope),
    ...resourceParameterOf(provider),
    ...config.authorizationParams,
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: flow.redirectUri,
    state: flow.state,
    code_challenge: flow.codeChallenge,
    code_challenge_method: 'S256',
    ...(scope === '' ? {} : { [quirks.scopeParameter ?? 'scope']: scope }),
    ...(flow.nonce === undefined ? {} : { nonce: flow.nonce }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** The scope as this provider wants it from this client. */
export function scopeFor(
  { provider, client }: { readonly provider: Provider; readonly client: ProviderClient },
  scope: readonly string[],
): string {
  return toProviderScope(scope, provider.quirks, provider.resource ?? `api://${client.clientId}`)
}

/** OpenID providers give no refresh token for `offline_access` unless they may ask (OpenID Connect Core §11). */
function promptOf(
  { config, quirks }: Provider,
  scope: readonly string[],
): Readonly<Record<string, string>> {
  // What an operator wrote down is asked as written.
  // A provider that is known to want the scope is known not to want the prompt.
  const isDiscovered = config.scopes.length === 0 && quirks.refreshScope === undefined
  return isDiscovered && scope.includes(OFFLINE) ? { prompt: 'consent' } : {}
}
