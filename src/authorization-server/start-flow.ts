import { type AuthorizationRequest, issue } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { createCodeChallenge } from '../oauth/pkce.ts'
import { createAuthorizationUrl } from '../oauth-client/authorization-url.ts'
import type { OAuthServer } from '../registry.ts'
import type { Exchange } from '../request/exchange.ts'
import { createRandomString } from '../sealing/base64url.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { fitsIntoCookie, setCookie } from './cookies.ts'
import { redirect } from './redirect.ts'

const FLOW_LIFETIME = 600 // seconds

/** Sends the browser to the provider, and binds what comes back to this browser. */
export type StartFlow = (flow: {
  readonly exchange: Exchange
  readonly server: OAuthServer
  readonly request: AuthorizationRequest
  /** 303 after a form, so that it is not sent on to the provider (RFC 9700 §4.12). */
  readonly status: 303 | 307
  readonly headers?: Headers
}) => Promise<Response>

/** A starter of flows: our own PKCE and state toward the provider, the rest sealed in a cookie. */
export function createFlowStarter(sealer: Sealer): StartFlow {
  return async ({ exchange, server, request, status, headers = new Headers() }) => {
    const state = createRandomString(24)
    const codeVerifier = createRandomString(32)
    const redirectUri = exchange.endpoints.callback(server.name, server.auth.callback)
    const value = await issue(sealer, 'flow', {
      server: server.name,
      lifetime: FLOW_LIFETIME,
      grant: { request, state, codeVerifier, providerRedirectUri: redirectUri },
    })
    if (!fitsIntoCookie(value)) {
      throw new OAuthError(
        'invalid_request',
        'The request is too long: shorten state or redirect_uri',
      )
    }
    setCookie(headers, exchange, { kind: 'flow', id: state, value })
    const codeChallenge = await createCodeChallenge(codeVerifier)
    const location = createAuthorizationUrl(server.auth, {
      redirectUri,
      state,
      codeChallenge,
      scope: request.scope,
    })
    return redirect(location, status, headers)
  }
}
