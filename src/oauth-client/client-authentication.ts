import * as oauth from 'oauth4webapi'
import type { ProviderConfig } from '../config/config.ts'

/** How our client shows at a provider that it is it (RFC 6749 §2.3). */
export function authenticationOf(provider: ProviderConfig): oauth.ClientAuth {
  const { clientSecret, tokenEndpointAuthMethod: method } = provider
  if (clientSecret === undefined || method === 'none') return oauth.None()
  return method === 'client_secret_basic'
    ? oauth.ClientSecretBasic(clientSecret)
    : oauth.ClientSecretPost(clientSecret)
}
