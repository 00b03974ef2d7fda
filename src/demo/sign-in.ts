import * as v from 'valibot'
import { OAuthError } from '../oauth/error.ts'
import { checkNotRepeated, type Parameters, parseParameters } from '../oauth/parameters.ts'
import { checkCodeChallenge } from '../oauth/pkce.ts'
import { isWellFormedRedirectUri } from '../oauth/redirect-uri.ts'
import { describeIssue } from './issues.ts'
import type { CodeGrant } from './token-endpoint.ts'
import { createTokens } from './tokens.ts'

const LIFETIME = 10 * 60_000 // milliseconds

const LoginForm = v.variant('action', [
  v.object({
    action: v.literal('sign-in'),
    transaction: v.string(),
    name: v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(64)),
  }),
  v.object({ action: v.literal('cancel'), transaction: v.string() }),
])

/** What the authorization endpoint answers: a login page, or an error for the client. */
type AuthorizeAnswer =
  | { readonly kind: 'login'; readonly transaction: string }
  | { readonly kind: 'redirect'; readonly location: string }

type Transaction = Omit<CodeGrant, 'name'> & { readonly state: string | undefined }

/** The authorization endpoint and its login form, without HTTP; refusals are `OAuthError`s. */
export interface SignIn {
  readonly authorize: (query: URLSearchParams) => AuthorizeAnswer
  /** Gives the URL to send the browser to. */
  readonly login: (form: Parameters) => string
}

/** A sign-in for one client, which lets in whoever gives a name (RFC 6749 §4.1.1). */
export function createSignIn(options: {
  readonly issuer: string
  readonly clientId: string
  readonly issueCode: (grant: CodeGrant) => string
  readonly now: () => number
}): SignIn {
  const { issuer, clientId, issueCode, now } = options
  const transactions = createTokens<Transaction>(LIFETIME, now)

  return {
    authorize: (query) => {
      const { parameters, repeated } = parseParameters(query)
      const redirectUri = parseRedirectUri(parameters, repeated, clientId)
      const state = parameters.get('state')
      try {
        checkNotRepeated(repeated)
        const challenge = parseChallenge(parameters)
        return { kind: 'login', transaction: transactions.issue({ redirectUri, state, challenge }) }
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error
        const answer = { error: error.code, error_description: error.message, state, iss: issuer }
        return { kind: 'redirect', location: formatRedirect(redirectUri, answer) }
      }
    },
    login: (form) => {
      const login = parseLogin(form)
      const transaction = transactions.take(login.transaction)
      if (transaction === undefined) {
        throw new OAuthError('invalid_request', 'This sign-in was used before or has expired')
      }
      const { redirectUri, challenge, state } = transaction
      const answer =
        login.action === 'cancel'
          ? { error: 'access_denied' }
          : { code: issueCode({ redirectUri, challenge, name: login.name }) }
      return formatRedirect(redirectUri, { ...answer, state, iss: issuer })
    },
  }
}

/** What is wrong here is shown, for there is nobody yet to send the browser back to. */
function parseRedirectUri(
  parameters: Parameters,
  repeated: readonly string[],
  clientId: string,
): string {
  checkNotRepeated(repeated.filter((name) => name === 'client_id' || name === 'redirect_uri'))
  const schema = v.object({
    client_id: v.literal(clientId),
    redirect_uri: v.pipe(v.string(), v.regex(/^https?:\/\//), v.check(isWellFormedRedirectUri)),
  })
  const parsed = v.safeParse(schema, Object.fromEntries(parameters))
  if (!parsed.success) throw new OAuthError('invalid_request', describeIssue(parsed.issues[0]))
  return parsed.output.redirect_uri
}

function parseChallenge(parameters: Parameters): string {
  const responseType = parameters.get('response_type')
  if (responseType === undefined) {
    throw new OAuthError('invalid_request', 'Missing response_type')
  }
  if (responseType !== 'code') {
    throw new OAuthError('unsupported_response_type', 'Unsupported response_type: use code')
  }
  const challenge = parameters.get('code_challenge')
  checkCodeChallenge(challenge, parameters.get('code_challenge_method'))
  return challenge ?? ''
}

function parseLogin(form: Parameters): v.InferOutput<typeof LoginForm> {
  const parsed = v.safeParse(LoginForm, Object.fromEntries(form))
  if (!parsed.success) throw new OAuthError('invalid_request', describeIssue(parsed.issues[0]))
  return parsed.output
}

function formatRedirect(
  redirectUri: string,
  answer: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(answer)) {
    if (value !== undefined) query.set(name, value)
  }
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}
