import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import type { ProviderClient } from '../config/config.ts'
import { readBoundedText } from '../http/bounded-body.ts'
import { authenticationOf, PrivateKeyError } from './client-authentication.ts'
import { type Provider, resourceParameterOf } from './provider.ts'
import type { ProviderQuirks } from './provider-quirks.ts'

const TIMEOUT = 15_000 // milliseconds
const MAX_BODY = 65_536 // bytes

const TokenResponse = v.looseObject({
  access_token: v.pipe(v.string(), v.nonEmpty()),
  token_type: v.optional(v.string()),
  // Some providers write it as a string or with a fraction; what is no duration is none.
  expires_in: v.fallback(
    v.optional(
      v.pipe(
        v.union([v.number(), v.pipe(v.string(), v.nonEmpty(), v.transform(Number))]),
        v.transform(Math.floor),
        v.minValue(1),
        v.maxValue(4_000_000_000),
      ),
    ),
    undefined,
  ),
  refresh_token: v.optional(v.pipe(v.string(), v.nonEmpty())),
  id_token: v.optional(v.string()),
  issued_token_type: v.optional(v.string()),
  scope: v.optional(v.string()),
})

/** A provider's successful token response (RFC 6749 §5.1). */
export type TokenResponse = v.InferOutput<typeof TokenResponse>

const ErrorResponse = v.object({ error: v.string() })

/** What came of a token request at a provider. */
export type TokenResult =
  | { readonly kind: 'granted'; readonly response: TokenResponse }
  /** The grant is dead: the user must sign in again. */
  | { readonly kind: 'refused'; readonly error: string }
  /** The provider did not like us, or did not make sense. */
  | { readonly kind: 'failed'; readonly cause: string; readonly isClientUnknown?: boolean }
  /** The provider is down or slow; nothing was consumed. */
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Our client at a provider. */
export interface ProviderAccess {
  readonly provider: Provider
  readonly client: ProviderClient
}

/** Sends one grant to the provider's token endpoint (RFC 6749 §4.1.3, §4.4, §6, RFC 8693); never rejects. */
export type RequestToken = (
  access: ProviderAccess,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
) => Promise<TokenResult>

/** One token request: bounded in time and size, without redirects. */
export const requestToken: RequestToken = async (access, grantType, parameters) => {
  try {
    const response = await send(access, grantType, parameters)
    const text = await readBoundedText(response.body, MAX_BODY)
    return classify(response.status, text, access.provider.quirks)
  } catch (error) {
    if (error instanceof PrivateKeyError) return { kind: 'failed', cause: error.message }
    return { kind: 'unavailable', cause: causeOf(error) }
  }
}

/** In words for operators; what a runtime says of a failed fetch differs. */
function causeOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `no answer within ${TIMEOUT / 1000} s`
  }
  const reason = error instanceof Error ? (error.cause ?? error) : undefined
  const code = reason instanceof Error && 'code' in reason ? ` (${reason.code})` : ''
  // A guarded fetch says by itself what is wrong.
  const isPlain = error instanceof Error && !(error instanceof TypeError)
  return isPlain ? error.message : `it can not be reached${code}`
}

async function send(
  { provider, client }: ProviderAccess,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Response> {
  const tokenUrl = provider.tokenUrl ?? ''
  return oauth.genericTokenEndpointRequest(
    { issuer: provider.issuer ?? tokenUrl, token_endpoint: tokenUrl },
    { client_id: client.clientId },
    await authenticationOf(client, provider.privateKey),
    grantType,
    { ...provider.config.tokenParams, ...resourceParameterOf(provider), ...parameters },
    {
      [oauth.customFetch]: (url, options) =>
        provider.fetch(url, { ...options, body: options.body ?? null }),
      // The operator wrote the URL down, or discovery checked it; http is for providers beside us.
      [oauth.allowInsecureRequests]: true,
      headers: { 'Accept-Encoding': 'identity' },
      signal: AbortSignal.timeout(TIMEOUT),
    },
  )
}

/** Errors that are the grant's fault, and so the user's to mend by signing in again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_scope',
  // GitHub: docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
  'bad_refresh_token',
  'bad_verification_code',
  // Slack: docs.slack.dev/reference/methods/oauth.v2.access
  'code_already_used',
  'invalid_code',
  'invalid_refresh_token',
  'token_expired',
  'token_revoked',
])

/** Errors that say that our client is not known: it may have been registered long ago. */
const UNKNOWN_CLIENT: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client'])

function classify(
  status: number,
  text: string | undefined,
  { tokenMember }: ProviderQuirks,
): TokenResult {
  if (status >= 500 || status === 429) return { kind: 'unavailable', cause: `status ${status}` }
  const body = parseBody(text)
  const refusal = v.safeParse(ErrorResponse, body)
  if (refusal.success) {
    const { error } = refusal.output
    if (REFUSALS.has(error)) return { kind: 'refused', error }
    const cause = `status ${status}, error ${printable(error)}`
    return { kind: 'failed', cause, isClientUnknown: UNKNOWN_CLIENT.has(error) }
  }
  if (status !== 200 && status !== 201) return { kind: 'failed', cause: `status ${status}` }
  // Some providers put the user's token below that of their app, but a renewed one in its place.
  for (const place of [memberOf(body, tokenMember), body]) {
    const granted = v.safeParse(TokenResponse, place)
    if (granted.success) return { kind: 'granted', response: granted.output }
  }
  return { kind: 'failed', cause: describeMisfit(body) }
}

const Members = v.record(v.string(), v.unknown())

function memberOf(body: unknown, name: string | undefined): unknown {
  const members = v.safeParse(Members, body)
  return name !== undefined && members.success ? members.output[name] : undefined
}

function describeMisfit(body: unknown): string {
  if (body === undefined || typeof body !== 'object' || body === null || Array.isArray(body)) {
    return 'the answer is not a JSON object'
  }
  return 'access_token' in body
    ? 'the answer is not a token response'
    : 'the answer has no access_token'
}

function printable(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'unprintable'
}

/**
 * The JSON value without null members, which some providers send for absent ones; or the form that
 * providers from before RFC 6749 answer with.
 */
function parseBody(text = ''): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown) => (value === null ? undefined : value))
  } catch {
    const form = new URLSearchParams(text)
    return form.has('access_token') || form.has('error') ? Object.fromEntries(form) : undefined
  }
}
