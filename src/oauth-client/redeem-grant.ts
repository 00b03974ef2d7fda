import type { ProviderConfig } from '../config/config.ts'
import type { ProviderBinding } from '../grant.ts'
import type { ProviderClients } from './provider-client.ts'
import type { Providers } from './providers.ts'
import { type ProviderAccess, requestToken, type TokenResult } from './token-request.ts'

/** Redeems a grant at the provider that gave it, as the client that it was given to; never rejects. */
export type RedeemGrant = (
  of: { readonly config: ProviderConfig; readonly binding: ProviderBinding },
  grantType: 'authorization_code' | 'refresh_token',
  parameters: Readonly<Record<string, string>>,
) => Promise<RedeemedGrant>

/** What came of it, and where it was asked for. */
export type RedeemedGrant = TokenResult & { readonly access?: ProviderAccess }

/** The provider that a grant is bound to and our client there, or why it can not be asked. */
export type FindAccess = (
  config: ProviderConfig,
  binding: ProviderBinding,
) => Promise<ProviderAccess | Exclude<TokenResult, { kind: 'granted' }>>

interface Dependencies {
  readonly providers: Providers
  readonly clients: ProviderClients
  readonly findAccess: FindAccess
}

/** A redeemer that never shows a grant, or a secret, to another issuer than its own (SEP-2352). */
export function createGrantRedeemer(deps: Dependencies): RedeemGrant {
  return async ({ config, binding }, grantType, parameters) => {
    const found = await deps.findAccess(config, binding)
    if (!('provider' in found)) return found
    const result = await requestToken(found, grantType, parameters)
    if (result.kind !== 'failed') return { ...result, access: found }
    // Perhaps the provider has moved, or forgotten us: the next sign-in asks again.
    deps.providers.forget(config)
    if (result.isClientUnknown !== true || binding.client === undefined) return result
    deps.clients.forget(binding.client.clientId)
    return { kind: 'refused', error: 'invalid_client' }
  }
}

/** Finds the provider as it is now, if it is still the one that the grant is bound to. */
export function createAccessFinder(providers: Providers): FindAccess {
  return async (config, binding) => {
    const found = await providers.find(config)
    if (found.kind === 'failed') return { kind: 'unavailable', cause: found.error.message }
    const { provider } = found
    const isMoved =
      binding.issuer !== undefined &&
      provider.issuer !== undefined &&
      binding.issuer !== provider.issuer
    const client = binding.client ?? config.client
    if (isMoved || client === undefined) return { kind: 'refused', error: 'invalid_grant' }
    return { provider, client: withoutUndefined(client) }
  }
}

function withoutUndefined(
  client: NonNullable<ProviderBinding['client']> | NonNullable<ProviderConfig['client']>,
): ProviderAccess['client'] {
  const { clientId, method, clientSecret } = client
  return { clientId, method, ...(clientSecret === undefined ? {} : { clientSecret }) }
}
