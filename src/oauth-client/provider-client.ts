import { LRUCache } from 'lru-cache'
import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import type { ClientAuthenticationMethod, ProviderClient } from '../config/config.ts'
import { readBoundedText } from '../http/bounded-body.ts'
import type { Log } from '../log.ts'
import { OAuthError } from '../oauth/error.ts'
import type { Provider } from './provider.ts'

const KEPT = 24 * 3600 // seconds; a provider may forget a client that was not used
const MAX_REGISTRATIONS = 1_000
const TIMEOUT = 15_000 // milliseconds
const MAX_BODY = 65_536 // bytes
/** A secret that is about to expire would not outlive the sign-in. */
const SECRET_MARGIN = 600 // seconds

/** What a client of ours is registered for. */
export interface ClientPurpose {
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string
  readonly scope: string
  /** Where our metadata document is, if the provider can fetch it. */
  readonly documentUrl: string | undefined
  /** Whether the public base is one that we may register a callback at (THREATS F6). */
  readonly mayRegister: boolean
  readonly clientName: string
}

/** Finds our client at a provider: configured, else by our metadata document, else registered. */
export interface ProviderClients {
  /** Throws an OAuthError that says what the operator can do. */
  find(provider: Provider, purpose: ClientPurpose): Promise<ProviderClient>
  /** Registers anew next time, because the provider does not know the client any more. */
  forget(clientId: string): void
}

interface Dependencies {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** Our clients; registrations are kept for each provider, callback and scope, one flight for each. */
export function createProviderClients({ now, log }: Dependencies): ProviderClients {
  const registrations = new LRUCache<string, Registration>({ max: MAX_REGISTRATIONS })
  const flights = new Map<string, Promise<ProviderClient>>()
  const seconds = () => Math.floor(now() / 1000)

  async function registerAndKeep(key: string, provider: Provider, purpose: ClientPurpose) {
    try {
      const registration = await register(provider, purpose, seconds())
      registrations.set(key, registration)
      return registration.client
    } catch (error) {
      const cause = error instanceof OAuthError ? error.cause : undefined
      log('warning', 'Not registered at a provider', { provider: provider.config.key, cause })
      throw error
    } finally {
      flights.delete(key)
    }
  }

  return {
    async find(provider, purpose) {
      const { client } = provider.config
      if (client !== undefined) return client
      if (!purpose.mayRegister) throw unknownBase()
      const described = describedClient(provider, purpose)
      if (described !== undefined) return described
      const key = keyOf(provider, purpose)
      const kept = registrations.get(key)
      if (kept !== undefined && seconds() < kept.until) return kept.client
      const flight = flights.get(key) ?? registerAndKeep(key, provider, purpose)
      flights.set(key, flight)
      return flight
    },
    forget(clientId) {
      for (const [key, { client }] of [...registrations.entries()]) {
        if (client.clientId === clientId) registrations.delete(key)
      }
    },
  }
}

function keyOf({ issuer, registrationUrl }: Provider, { redirectUri, scope }: ClientPurpose) {
  return JSON.stringify([issuer ?? registrationUrl, redirectUri, scope])
}

interface Registration {
  readonly client: ProviderClient
  /** Seconds since the epoch. */
  readonly until: number
}

function unknownBase(): OAuthError {
  return new OAuthError(
    'server_error',
    'This proxy registers at the provider only under an address that is configured: its operator can set public_url or allowed_hosts',
  )
}

/** Our metadata document in place of a registration, where the provider fetches such documents. */
function describedClient(
  { takesClientDocuments, authenticationMethods, privateKey }: Provider,
  { documentUrl }: ClientPurpose,
): ProviderClient | undefined {
  if (!takesClientDocuments || documentUrl === undefined) return undefined
  if (privateKey !== undefined) return { clientId: documentUrl, method: 'private_key_jwt' }
  const isPublicFine = authenticationMethods?.includes('none') ?? true
  return isPublicFine ? { clientId: documentUrl, method: 'none' } : undefined
}

const Registered = v.object({
  client_id: v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048)),
  client_secret: v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048))),
  client_secret_expires_at: v.optional(v.number()),
  token_endpoint_auth_method: v.optional(v.string()),
})

/** Dynamic client registration (RFC 7591 §3). */
async function register(
  provider: Provider,
  purpose: ClientPurpose,
  now: number,
): Promise<Registration> {
  const { registrationUrl, quirks } = provider
  if (registrationUrl === undefined || quirks.refusesRegistration === true) {
    throw refused('The provider registers no clients')
  }
  const method = chooseMethod(provider)
  const metadata = createMetadata(purpose, method)
  // Some providers refuse a scope that only the resource knows; without one it is no ceiling either.
  const answer =
    (await send(provider, registrationUrl, metadata)) ??
    (await send(provider, registrationUrl, { ...metadata, scope: undefined }))
  const parsed = v.safeParse(Registered, answer)
  if (!parsed.success) throw refused('The provider did not register this proxy')
  const { client_id: clientId, client_secret: clientSecret, ...rest } = parsed.output
  const expiry = rest.client_secret_expires_at ?? 0
  return {
    client: {
      clientId,
      method: methodOf(rest.token_endpoint_auth_method, clientSecret, method),
      ...(clientSecret === undefined ? {} : { clientSecret }),
    },
    until: Math.min(now + KEPT, expiry === 0 ? Number.MAX_SAFE_INTEGER : expiry - SECRET_MARGIN),
  }
}

function refused(what: string, cause?: unknown): OAuthError {
  const message = `${what}: its operator registers an app there and sets client_id`
  return new OAuthError('server_error', message, { cause })
}

/** Confidential where the provider lets us; without a list it means client_secret_basic (RFC 8414 §2). */
function chooseMethod({ authenticationMethods, privateKey }: Provider): ClientAuthenticationMethod {
  const methods = authenticationMethods ?? ['client_secret_basic']
  if (privateKey !== undefined && methods.includes('private_key_jwt')) return 'private_key_jwt'
  const known = ['client_secret_basic', 'client_secret_post', 'none'] as const
  return known.find((method) => methods.includes(method)) ?? 'client_secret_basic'
}

/** What the provider made of it counts. */
function methodOf(
  named: string | undefined,
  secret: string | undefined,
  asked: ClientAuthenticationMethod,
): ClientAuthenticationMethod {
  switch (named) {
    case 'client_secret_basic':
    case 'client_secret_post':
    case 'private_key_jwt':
    case 'none':
      return named
    default:
      return secret === undefined && asked !== 'private_key_jwt' ? 'none' : asked
  }
}

function createMetadata(
  { redirectUri, scope, clientName }: ClientPurpose,
  method: ClientAuthenticationMethod,
) {
  return {
    client_name: clientName,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    // OpenID Connect Registration §2: only native applications may come back to this machine.
    application_type: redirectUri.startsWith('http:') ? 'native' : 'web',
    token_endpoint_auth_method: method,
    scope: scope === '' ? undefined : scope,
  }
}

/** What the provider registered; undefined where it may be the scope that it does not like. */
async function send(
  provider: Provider,
  registrationUrl: string,
  metadata: ReturnType<typeof createMetadata>,
): Promise<unknown> {
  try {
    const response = await oauth.dynamicClientRegistrationRequest(
      { issuer: provider.issuer ?? registrationUrl, registration_endpoint: registrationUrl },
      metadata,
      {
        [oauth.customFetch]: (url, options) =>
          provider.fetch(url, { ...options, body: options.body ?? null }),
        [oauth.allowInsecureRequests]: true,
        signal: AbortSignal.timeout(TIMEOUT),
      },
    )
    const text = await readBoundedText(response.body, MAX_BODY)
    if (response.status === 400 && metadata.scope !== undefined) return undefined
    if (!response.ok) {
      throw refused('The provider did not register this proxy', `status ${response.status}`)
    }
    return JSON.parse(text ?? '', (_key, value: unknown) => (value === null ? undefined : value))
  } catch (error) {
    if (error instanceof OAuthError) throw error
    throw new OAuthError(
      'temporarily_unavailable',
      'The provider can not be reached to register this proxy: try again',
      { cause: error instanceof Error ? error.message : 'unknown' },
    )
  }
}
