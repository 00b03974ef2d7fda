import * as oauth from 'oauth4webapi'
import type { ProviderConfig } from '../config/config.ts'
import type { Log } from '../log.ts'
import { authenticationOf } from './client-authentication.ts'

const TIMEOUT = 15_000 // milliseconds

/** Revokes a token at its provider where that can be done (RFC 7009); never rejects. */
export type RevokeToken = (provider: ProviderConfig, token: string) => Promise<void>

/** A revoker over `fetch`; our own session has ended whatever the provider says, so failures are logged. */
export function createTokenRevoker(fetch: typeof globalThis.fetch, log: Log): RevokeToken {
  return async (provider, token) => {
    if (provider.revocationUrl === undefined) return
    try {
      const response = await oauth.revocationRequest(
        {
          issuer: provider.issuer ?? provider.revocationUrl,
          revocation_endpoint: provider.revocationUrl,
        },
        { client_id: provider.clientId },
        authenticationOf(provider),
        token,
        {
          [oauth.customFetch]: (url, options) =>
            fetch(url, { ...options, body: options.body ?? null }),
          [oauth.allowInsecureRequests]: true,
          signal: AbortSignal.timeout(TIMEOUT),
        },
      )
      await response.body?.cancel()
      if (response.status !== 200)
        log('warning', 'Provider did not revoke', { status: response.status })
    } catch {
      log('warning', 'Provider did not revoke', { cause: 'unreachable' })
    }
  }
}
