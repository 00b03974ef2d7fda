import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import type { ProviderConfig } from '../config/config.ts'
import { readBoundedText } from '../http/bounded-body.ts'
import { authenticationOf } from './client-authentication.ts'

const TIMEOUT = 15_000 // milliseconds
const MAX_BODY = 65_536 // bytes

const TokenResponse = v.looseObject({
  access_token: v.pipe(v.string(), v.nonEmpty()),
  token_type: v.optional(v.string()),
  // Some providers write the number as a string.
  expires_in: v.optional(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,10}$/), v.transform(Number))]),
      v.integer(),
      v.minValue(0),
    ),
  ),
  refresh_token: v.optional(v.pipe(v.string(), v.nonEmpty())),
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
  | { readonly kind: 'failed'; readonly cause: string }
  /** The provider is down or slow; nothing was consumed. */
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Sends one grant to the provider's token endpoint (RFC 6749 §4.1.3, §6). */
export type RequestToken = (
  provider: ProviderConfig,
  grantType: 'authorization_code' | 'refresh_token',
  parameters: Readonly<Record<string, string>>,
) => Promise<TokenResult>

/** A token requester over `fetch`: bounded in time and size, without redirects. */
export function createTokenRequester(fetch: typeof globalThis.fetch): RequestToken {
  return async (provider, grantType, parameters) => {
    try {
      const response = await send({ fetch, provider, grantType, parameters })
      const text = await readBoundedText(response.body, MAX_BODY)
      return classify(response.status, text)
    } catch (error) {
      return { kind: 'unavailable', cause: error instanceof Error ? error.message : 'unknown' }
    }
  }
}

interface Sending {
  readonly fetch: typeof globalThis.fetch
  readonly provider: ProviderConfig
  readonly grantType: string
  readonly parameters: Readonly<Record<string, string>>
}

function send({ fetch, provider, grantType, parameters }: Sending): Promise<Response> {
  return oauth.genericTokenEndpointRequest(
    { issuer: provider.issuer ?? provider.tokenUrl, token_endpoint: provider.tokenUrl },
    { client_id: provider.clientId },
    authenticationOf(provider),
    grantType,
    {
      ...provider.tokenParams,
      ...(provider.resource === undefined ? {} : { resource: provider.resource }),
      ...parameters,
    },
    {
      [oauth.customFetch]: (url, options) => fetch(url, { ...options, body: options.body ?? null }),
      // The operator wrote the URL down; http is for providers beside us.
      [oauth.allowInsecureRequests]: true,
      headers: { 'Accept-Encoding': 'identity' },
      signal: AbortSignal.timeout(TIMEOUT),
    },
  )
}

/** Errors that are the grant's fault, and so the user's to mend by signing in again. */
const REFUSALS: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_scope'])

function classify(status: number, text: string | undefined): TokenResult {
  if (status >= 500 || status === 429) return { kind: 'unavailable', cause: `status ${status}` }
  const body = parseJson(text)
  const refusal = v.safeParse(ErrorResponse, body)
  if (refusal.success) {
    const { error } = refusal.output
    return REFUSALS.has(error)
      ? { kind: 'refused', error }
      : { kind: 'failed', cause: `status ${status}, error ${printable(error)}` }
  }
  if (status !== 200 && status !== 201) return { kind: 'failed', cause: `status ${status}` }
  const granted = v.safeParse(TokenResponse, body)
  if (granted.success) return { kind: 'granted', response: granted.output }
  return { kind: 'failed', cause: 'the answer is not a token response' }
}

function printable(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'unprintable'
}

/** The JSON value without null members, which some providers send for absent ones. */
function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '', (_key, value: unknown) => (value === null ? undefined : value))
  } catch {
    return undefined
  }
}
