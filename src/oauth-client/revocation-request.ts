import * as oauth from 'oauth4webapi'
import type { Log } from '../log.ts'
import { authenticationOf } from './client-authentication.ts'
import type { ProviderAccess } from './token-request.ts'

const TIMEOUT = 15_000 // milliseconds

/** Revokes a token at its provider where that can be done (RFC 7009); never rejects. */
export type RevokeToken = (access: ProviderAccess, token: string) => Promise<void>

/** A revoker; our own session has ended whatever the provider says, so failures are logged. */
export function createTokenRevoker(log: Log): RevokeToken {
  return async ({ provider, client }, token) => {
    if (provider.revocationUrl === undefined) return
    try {
      const response = await oauth.revocationRequest(
        {
          issuer: provider.issuer ?? provider.revocationUrl,
          revocation_endpoint: provider.revocationUrl,
        },
        { client_id: client.clientId },
        await authenticationOf(client, provider.privateKey),
        token,
        {
          [oauth.customFetch]: (url, options) =>
            provider.fetch(url, { ...options, body: options.body ?? null }),
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
