import * as v from 'valibot'
import { OAuthError } from '../oauth/error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import { checkCodeVerifier } from '../oauth/pkce.ts'
import { describeIssue } from './issues.ts'
import { createTokens, type Tokens } from './tokens.ts'

const MINUTE = 60_000 // milliseconds
const HOUR = 60 * MINUTE

/** The one scope there is. */
export const DEMO_SCOPE = 'demo'

const TokenRequest = v.variant('grant_type', [
  v.object({
    grant_type: v.literal('authorization_code'),
    code: v.string(),
    redirect_uri: v.string(),
    code_verifier: v.string(),
  }),
  v.object({ grant_type: v.literal('refresh_token'), refresh_token: v.string() }),
])
type TokenRequest = v.InferOutput<typeof TokenRequest>

/** What a code stands for: who signed in, and what its redemption must match. */
export interface CodeGrant {
  readonly name: string
  readonly redirectUri: string
  readonly challenge: string
}

/** Who is signed in with an access token, and until when (milliseconds). */
export interface DemoSession {
  readonly name: string
  readonly expiresAt: number
}

/** Codes in, tokens out, without HTTP; refusals are `OAuthError`s. */
export interface TokenEndpoint {
  readonly issueCode: (grant: CodeGrant) => string
  /** The token response for a client that has proved itself (RFC 6749 §5.1). */
  readonly token: (form: Parameters) => Promise<Readonly<Record<string, string | number>>>
  readonly findSession: (accessToken: string) => DemoSession | undefined
}

/** A token endpoint that has issued nothing yet. */
export function createTokenEndpoint(now: () => number): TokenEndpoint {
  const codes = createTokens<CodeGrant>(MINUTE, now)
  const accessTokens = createTokens<string>(HOUR, now)
  const refreshTokens = createTokens<string>(30 * 24 * HOUR, now)

  return {
    issueCode: codes.issue,
    token: async (form) => {
      const request = parseTokenRequest(form)
      const name =
        request.grant_type === 'authorization_code'
          ? await redeemCode(request, codes)
          : refreshTokens.take(request.refresh_token)
      if (name === undefined) throw new OAuthError('invalid_grant', 'Unknown or used refresh_token')
      return {
        access_token: accessTokens.issue(name),
        token_type: 'Bearer',
        expires_in: HOUR / 1000,
        refresh_token: refreshTokens.issue(name),
        scope: DEMO_SCOPE,
      }
    },
    findSession: (accessToken) => {
      const entry = accessTokens.find(accessToken)
      return entry && { name: entry.value, expiresAt: entry.expiresAt }
    },
  }
}

function parseTokenRequest(form: Parameters): TokenRequest {
  const parsed = v.safeParse(TokenRequest, Object.fromEntries(form))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const isUnsupported = v.getDotPath(issue) === 'grant_type' && form.has('grant_type')
  const code = isUnsupported ? 'unsupported_grant_type' : 'invalid_request'
  throw new OAuthError(code, describeIssue(issue))
}

async function redeemCode(
  request: Extract<TokenRequest, { grant_type: 'authorization_code' }>,
  codes: Tokens<CodeGrant>,
): Promise<string> {
  // Taken before it is checked: whoever holds a stolen code gets one guess at its verifier.
  const grant = codes.take(request.code)
  if (grant === undefined) throw new OAuthError('invalid_grant', 'Unknown, used or expired code')
  if (request.redirect_uri !== grant.redirectUri) {
    throw new OAuthError('invalid_grant', 'The redirect_uri is not the one of the code')
  }
  await checkCodeVerifier(request.code_verifier, grant.challenge)
  return grant.name
}
