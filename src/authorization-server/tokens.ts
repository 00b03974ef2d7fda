import type { Config } from '../config/config.ts'
import { type Identity, issue, type ProviderBinding, type RefreshGrant } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { parseScope } from '../oauth/scope.ts'
import type { TokenResponse, TokenResult } from '../oauth-client/token-request.ts'
import type { OAuthServer } from '../registry.ts'
import type { Sealer } from '../sealing/sealer.ts'

const UNNAMED_EXPIRY = 3600 // seconds, where the provider names none

/** The provider's tokens, or the error that its answer means to our client (RFC 6749 §5.2). */
export function checkGranted(result: TokenResult, server: OAuthServer): TokenResponse {
  switch (result.kind) {
    case 'granted':
      return result.response
    case 'refused':
      throw new OAuthError('invalid_grant', 'The provider refused the grant: sign in again')
    case 'failed':
      throw new OAuthError(
        'server_error',
        `The provider of ${server.name} did not accept this proxy: its operator finds the cause in the log`,
        { cause: result.cause },
      )
    case 'unavailable':
      throw new OAuthError(
        'temporarily_unavailable',
        `The provider of ${server.name} can not be reached: try again`,
        { cause: result.cause },
      )
  }
}

/** What tokens are issued with. */
export interface Issuing {
  readonly sealer: Sealer
  readonly sessionLimits: Config['session']
  /** Now, in seconds since the epoch. */
  readonly seconds: () => number
}

interface Session {
  readonly clientId: string
  readonly session: string
  readonly resource?: string
  readonly scope: string[]
  /** When the user signed in, in seconds since the epoch. */
  readonly since: number
  readonly identity?: Identity
}

/** What the client gets for the provider's tokens: sealed ones of ours, or in passthrough those. */
export async function issueTokens(
  { sealer, sessionLimits, seconds }: Issuing,
  server: OAuthServer,
  granted: {
    readonly response: TokenResponse
    readonly session: Session
    /** Whose grant it is. */
    readonly binding: ProviderBinding
    /** How the session was renewed so far; kept when the provider does not rotate. */
    readonly previous: RefreshGrant['renewal'] | undefined
    /** What the access token is for, where that is less than the session's (RFC 6749 §6). */
    readonly scope?: string[]
  },
): Promise<unknown> {
  const { response, session, binding } = granted
  if (server.access.tokens === 'passthrough') return { token_type: 'Bearer', ...response }
  const remaining = session.since + sessionLimits.max - seconds()
  const lifetime = Math.max(1, Math.min(response.expires_in ?? UNNAMED_EXPIRY, remaining))
  const sessionScope = grantedScope(response.scope, session.scope)
  const scope = granted.scope?.filter((token) => sessionScope.includes(token)) ?? sessionScope
  const accessToken = await issue(sealer, 'access-token', {
    server: server.name,
    lifetime,
    grant: {
      clientId: session.clientId,
      session: session.session,
      scope,
      accessToken: subjectTokenOf(server, response),
      ...renewalInAccess(response, binding),
      ...(session.identity === undefined ? {} : { identity: session.identity }),
    },
  })
  checkLength(accessToken, server)
  const renewal = renewalOf(response, granted)
  const refreshToken =
    renewal === undefined || remaining <= 0
      ? undefined
      : await issue(sealer, 'refresh-token', {
          server: server.name,
          lifetime: Math.min(sessionLimits.idle, remaining),
          grant: { ...session, scope: sessionScope, renewal },
        })
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: lifetime,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(scope.length === 0 ? {} : { scope: scope.join(' ') }),
  }
}

/** What an exchange is to be made from, else the provider's access token. */
function subjectTokenOf({ credential }: OAuthServer, response: TokenResponse): string {
  const isIdToken =
    credential.kind === 'exchange' && /:id_token$/.test(credential.exchange.subjectTokenType)
  return (isIdToken ? response.id_token : undefined) ?? response.access_token
}

/** A longer token would make the header that carries ours too long for some servers. */
const MAX_CARRIED = 1_024 // characters

/** What the gateway needs to renew the provider's token by itself. */
function renewalInAccess({ refresh_token: refreshToken }: TokenResponse, binding: ProviderBinding) {
  if (refreshToken === undefined || refreshToken.length > MAX_CARRIED) return {}
  return { renewal: { refreshToken, binding } }
}

/** Some providers put commas between what they granted. */
function grantedScope(scope: string | undefined, asked: readonly string[]): string[] {
  if (scope === undefined) return [...asked]
  const tokens = parseScope(scope)
  return [
    ...new Set(tokens.flatMap((token) => (asked.includes(token) ? [token] : token.split(',')))),
  ]
}

const MAX_TOKEN = 14_336 // characters; a longer header would be refused on its way back

/** Better said once, here, than a 401 for every request that the client makes with it. */
function checkLength(accessToken: string, { name }: OAuthServer): void {
  if (accessToken.length <= MAX_TOKEN) return
  throw new OAuthError(
    'server_error',
    `The token of the provider of ${name} is too long to be carried: its operator can ask for fewer scopes or groups`,
    { cause: `sealed to ${accessToken.length} characters` },
  )
}

/** How the session can be renewed: it can if the provider said how, or its token does not expire. */
function renewalOf(
  response: TokenResponse,
  {
    binding,
    previous,
  }: { binding: ProviderBinding; previous: RefreshGrant['renewal'] | undefined },
): RefreshGrant['renewal'] | undefined {
  if (response.refresh_token !== undefined) {
    return { kind: 'refresh', refreshToken: response.refresh_token, binding }
  }
  if (response.expires_in === undefined && previous?.kind !== 'refresh') {
    return { kind: 'keep', accessToken: response.access_token }
  }
  return previous
}
