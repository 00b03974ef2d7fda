import * as oauth from 'oauth4webapi'
import { isPlainUrl } from '../oauth-client/reach.ts'
import {
  describeAnswer,
  type Examination,
  type FoundResource,
  failed,
  well,
} from './examination.ts'
import { explainOrigin } from './mismatch.ts'
import { toReadable, toTitle } from './printable.ts'
import type { Answered } from './probe.ts'
import type { Step } from './report.ts'
import type { FoundServer } from './server-metadata.ts'
import { type Target, zoneOf } from './target.ts'

/** An authorization request, and what its answer must be held against. */
export interface AuthorizationRequest {
  readonly url: string
  readonly state: string
  readonly codeVerifier: string
}

/** An authorization request with PKCE and resource indicator (OAuth 2.1 §4.1.1, RFC 8707 §2). */
export async function createAuthorizationRequest(
  { document }: FoundServer,
  of: {
    readonly clientId: string
    readonly redirectUri: string
    readonly resource: FoundResource | undefined
  },
): Promise<AuthorizationRequest> {
  const codeVerifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(document.authorization_endpoint ?? '')
  const { resource, scopes_supported: scopes = [] } = of.resource?.document ?? {}
  const parameters = {
    response_type: 'code',
    client_id: of.clientId,
    redirect_uri: of.redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(resource === undefined ? {} : { resource }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return { url: url.href, state, codeVerifier }
}

/** Whether a URL may be opened in a browser: https or loopback, and nothing that a shell would run (THREATS T55). */
export function isOpenable(url: string): boolean {
  if (!isPlainUrl(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || zoneOf(hostname) === 'loopback'
}

/** Asks the authorization endpoint as a browser would that has no cookies, and goes nowhere. */
export async function tryAuthorization(
  { url }: AuthorizationRequest,
  redirectUri: string,
  { target, probe, record }: Examination,
): Promise<void> {
  const answer = await probe({ url, headers: { accept: 'text/html' } })
  if (answer.kind === 'failed') {
    const cause = { cause: 'the authorization endpoint can not be reached', remedy: [] }
    return record(failed('authorize', describeAnswer(answer), cause))
  }
  const { status, headers } = answer
  const location = headers.get('location')
  if (status >= 300 && status < 400 && location !== null && URL.canParse(location, url)) {
    return record(describeRedirect(new URL(location, url), { url, redirectUri, target }))
  }
  record(describePage(answer))
}

function describePage(answer: Answered): Step {
  const { status, text } = answer
  if (status < 300) {
    const title = toTitle(text)
    return well('authorize', `${status}, a page${title === '' ? '' : ` "${title}"`}`)
  }
  const cause = causeOfPage(status)
  return failed('authorize', `${status}, "${toReadable(text)}"`, { cause, remedy: [] })
}

/** An authorization server refuses by 400 what it knows nothing of (RFC 6749 §4.1.2.1); other codes are others' too. */
function causeOfPage(status: number): string {
  if (status === 404) {
    return 'missing route: the front end does not hand the authorization endpoint on'
  }
  if (status === 401 || status === 403) {
    return 'a front end, a firewall or the authorization server itself lets no browser in without a sign-in of its own'
  }
  if (status >= 500) {
    return 'the authorization server failed, or the front end finds nobody behind it: its log says why'
  }
  return 'the authorization server refuses the client or its redirect URI'
}

/** To the client with an error, or on to a provider that must come back to the public address. */
function describeRedirect(
  location: URL,
  of: { readonly url: string; readonly redirectUri: string; readonly target: Target },
): Step {
  const { url, redirectUri, target } = of
  const { origin, pathname, searchParams } = location
  const seen = `redirected to ${origin}${pathname}`
  const error = searchParams.get('error')
  if (location.href.startsWith(redirectUri) && error !== null) {
    const description = searchParams.get('error_description') ?? ''
    const cause = { cause: 'the authorization server refuses the request', remedy: [] }
    return failed('authorize', `${error} ${description}`, cause)
  }
  const back = searchParams.get('redirect_uri')
  // Where the codes of another provider's own provider go is not ours to judge.
  const isOurs = new URL(url).origin === target.origin && origin !== target.origin
  const cause =
    isOurs && back !== null && back !== redirectUri ? explainOrigin(back, target) : undefined
  if (cause === undefined)
    return well('authorize', back === null ? seen : `${seen}, back to ${back}`)
  return failed('authorize', `${seen}, which would come back to ${back}`, cause)
}
