import * as oauth from 'oauth4webapi'
import { type AuthorizationRequest, isOpenable } from './authorization.ts'
import { type Examination, type FoundResource, failed, well } from './examination.ts'
import { toPrintable } from './printable.ts'
import type { Probe } from './probe.ts'
import type { RegisteredClient } from './registration.ts'
import type { Step } from './report.ts'
import type { FoundServer } from './server-metadata.ts'
import { isAskable } from './target.ts'

/** The user's browser, and the loopback address that it comes back to (RFC 8252 §7.3). */
export interface Desk {
  readonly redirectUri: string
  /** Shows a URL to the user; with `isOpenable` also in a browser. */
  show(url: string, isOpenable: boolean): Promise<void>
  /** Where the browser came back to; rejects when it does not in time. */
  readonly waitForCallback: () => Promise<URL>
}

/** The tokens of a sign-in; they are never shown. */
export type Tokens = Pick<oauth.TokenEndpointResponse, 'access_token' | 'refresh_token'>

/** What a sign-in is made of. */
export interface SigningIn {
  readonly server: FoundServer
  readonly client: RegisteredClient
  readonly resource: FoundResource | undefined
  readonly desk: Desk
}

/** The whole sign-in in the user's browser, up to the tokens. */
export async function signIn(
  request: AuthorizationRequest,
  signingIn: SigningIn,
  { probe, record, hide }: Examination,
): Promise<Tokens | undefined> {
  const { desk } = signingIn
  const callback = await comeBack(request, desk)
  if (typeof callback === 'string') {
    record(failed('authorize', callback, { cause: 'the browser did not come back', remedy: [] }))
    return undefined
  }
  hide(callback.searchParams.get('code') ?? undefined)
  hide(request.codeVerifier)
  const parties = toParties(signingIn)
  try {
    const parameters = oauth.validateAuthResponse(
      parties.as,
      parties.client,
      callback,
      request.state,
    )
    record(
      well(
        'authorize',
        `the browser came back with a code${callback.searchParams.has('iss') ? ' and iss' : ''}`,
      ),
    )
    return await redeem(parameters, request, { ...signingIn, probe, record, hide })
  } catch (error) {
    record(describeRefusedCallback(error))
    return undefined
  }
}

async function comeBack({ url }: AuthorizationRequest, desk: Desk): Promise<URL | string> {
  try {
    await desk.show(url, isOpenable(url))
    return await desk.waitForCallback()
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown'
  }
}

function describeRefusedCallback(error: unknown): Step {
  if (error instanceof oauth.AuthorizationResponseError) {
    const seen = `${error.error} ${error.error_description ?? ''}`
    return failed('authorize', seen, { cause: 'the authorization server refused', remedy: [] })
  }
  const cause =
    'state or iss is not what was expected (RFC 6749 §4.1.2, RFC 9207 §2.4), so a client stops here'
  return failed('authorize', messageOf(error), { cause, remedy: [] })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}

type Redeeming = SigningIn & Pick<Examination, 'probe' | 'record' | 'hide'>

async function redeem(
  parameters: URLSearchParams,
  { codeVerifier }: AuthorizationRequest,
  redeeming: Redeeming,
): Promise<Tokens | undefined> {
  const { desk, record } = redeeming
  const { as, client, authentication, options } = toParties(redeeming)
  try {
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      parameters,
      desk.redirectUri,
      codeVerifier,
      options(redeeming.probe),
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response)
    redeeming.hide(tokens.access_token)
    redeeming.hide(tokens.refresh_token)
    record(well('token', describeTokens(tokens)))
    return tokens
  } catch (error) {
    record(failed('token', describeRefusedGrant(error), TOKEN_REFUSED))
    return undefined
  }
}

/** All but the tokens. */
function describeTokens({
  expires_in: life,
  scope,
  refresh_token: refresh,
}: oauth.TokenEndpointResponse) {
  const lived = life === undefined ? 'of unnamed life' : `for ${life} s`
  const renewed = refresh === undefined ? 'no refresh token' : 'a refresh token'
  return `a token ${lived}, ${renewed}, scope ${scope ?? 'not named'}`
}

const TOKEN_REFUSED = {
  cause: 'the token endpoint gives no token that a client can use (OAuth 2.1 §4.1.3)',
  remedy: [],
}

/** What was refused; never what was sent. */
function describeRefusedGrant(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) {
    return toPrintable(`${error.status} ${error.error} ${error.error_description ?? ''}`)
  }
  return messageOf(error)
}

/** Renews the token (OAuth 2.1 §4.3), as clients do after hours. */
export async function refresh(
  tokens: Tokens,
  signingIn: SigningIn,
  { probe, record, hide }: Examination,
): Promise<Tokens> {
  if (tokens.refresh_token === undefined) return tokens
  const { as, client, authentication, options } = toParties(signingIn)
  try {
    const response = await oauth.refreshTokenGrantRequest(
      as,
      client,
      authentication,
      tokens.refresh_token,
      options(probe),
    )
    const renewed = await oauth.processRefreshTokenResponse(as, client, response)
    hide(renewed.access_token)
    hide(renewed.refresh_token)
    record(well('refresh', describeTokens(renewed)))
    return { ...tokens, ...renewed }
  } catch (error) {
    const cause = 'the session ends when its first token does, and users sign in again'
    record(failed('refresh', describeRefusedGrant(error), { cause, remedy: [] }))
    return tokens
  }
}

/** Gives back what the sign-in left behind (RFC 7009, RFC 7592 §2.3), as far as that can be done. */
export async function cleanUp(
  tokens: Tokens | undefined,
  signingIn: SigningIn,
  { probe, target }: Examination,
): Promise<void> {
  const { as, client, authentication, options } = toParties(signingIn)
  const token = tokens?.refresh_token ?? tokens?.access_token
  const { revocation_endpoint: url } = as
  if (token !== undefined && url !== undefined && isAskable(url, target)) {
    await oauth
      .revocationRequest(as, client, authentication, token, options(probe))
      .catch(() => undefined)
  }
}

/** The two sides, as the library wants them. */
function toParties({ server: { issuer, document }, client, resource }: SigningIn) {
  const { client_id, client_secret: secret, token_endpoint_auth_method: method } = client
  const as: oauth.AuthorizationServer = {
    issuer,
    token_endpoint: document.token_endpoint,
    ...(document.authorization_response_iss_parameter_supported === true
      ? { authorization_response_iss_parameter_supported: true }
      : {}),
    ...(document.revocation_endpoint === undefined
      ? {}
      : { revocation_endpoint: document.revocation_endpoint }),
  }
  const identifier = resource?.document.resource
  const options = (probe: Probe) => ({
    [oauth.customFetch]: createFetch(probe),
    // Which addresses may be asked is decided before: by isAskable.
    [oauth.allowInsecureRequests]: true,
    ...(identifier === undefined ? {} : { additionalParameters: { resource: identifier } }),
  })
  return { as, client: { client_id }, authentication: authenticationOf(secret, method), options }
}

function authenticationOf(
  secret: string | undefined,
  method: string | undefined,
): oauth.ClientAuth {
  if (secret === undefined || method === 'none') return oauth.None()
  return method === 'client_secret_post'
    ? oauth.ClientSecretPost(secret)
    : oauth.ClientSecretBasic(secret)
}

/** The library's fetch, within the probe's bounds. */
function createFetch(probe: Probe) {
  return async (
    url: string,
    { headers, body }: { headers: Record<string, string>; body?: unknown },
  ): Promise<Response> => {
    const answer = await probe({ url, method: 'POST', headers, body: String(body) })
    if (answer.kind === 'failed') throw new Error(`the endpoint does not answer: ${answer.failure}`)
    const { status, text } = answer
    return new Response(status === 204 ? null : text, { status, headers: answer.headers })
  }
}
