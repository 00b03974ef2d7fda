import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import * as v from 'valibot'
import type { FetchPublic } from '../http/public-fetch.ts'
import { parseBasicCredentials } from '../oauth/basic-credentials.ts'
import { OAuthError } from '../oauth/error.ts'
import { ASSERTION_ALGORITHMS } from '../oauth/metadata.ts'
import type { Parameters } from '../oauth/parameters.ts'
import { ANY_SERVER, type OAuthServer } from '../registry.ts'
import type { Exchange } from '../request/exchange.ts'
import type { DerivedSecrets } from '../sealing/derived-secret.ts'
import { hasSha256 } from '../sealing/digest.ts'
import type { Store } from '../store/store.ts'
import type { Client, ResolveClient } from './client.ts'
import type { DescribedClient } from './client-metadata-document.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const MAX_ASSERTION_AGE = 600 // seconds
const KEYS_LIMITS = { maxBytes: 64 * 1024, timeout: 5_000 }

/** What client authentication needs besides the request. */
export interface AuthenticationDependencies {
  readonly resolveClient: ResolveClient
  readonly secrets: DerivedSecrets
  readonly store: Store
  readonly fetchPublic: FetchPublic
  /** Now, in seconds since the epoch. */
  readonly seconds: () => number
}

/** A request that a client authenticates itself in. */
export interface Authenticating {
  readonly exchange: Exchange
  readonly form: Parameters
  readonly server: OAuthServer
}

/** The client of a request and the proof that it is it (RFC 6749 §2.3); throws `invalid_client`. */
export async function authenticateClient(
  authenticating: Authenticating,
  deps: AuthenticationDependencies,
): Promise<Client> {
  const shown = readCredentials(authenticating)
  const client = await deps.resolveClient(shown.clientId, authenticating.server)
  switch (client.kind) {
    case 'shared':
    case 'registered':
      await checkDerivedSecret(shown.secret, authenticating.server, deps.secrets)
      return client
    case 'configured':
      await checkConfiguredSecret(shown.secret, client.config.secretSha256)
      return client
    case 'described':
      await checkAssertion({ ...authenticating, client, assertion: shown.assertion }, deps)
      return client
  }
}

interface Shown {
  readonly clientId: string
  readonly secret: string | undefined
  readonly assertion: string | undefined
}

function readCredentials({ exchange, form }: Authenticating): Shown {
  const header = exchange.request.headers.get('authorization')
  const basic = header === null ? undefined : parseBasicCredentials(header)
  if (header !== null && basic === undefined) {
    throw new OAuthError('invalid_client', 'Malformed Authorization header: want Basic credentials')
  }
  const assertion = readAssertion(form)
  const ways = [basic, form.get('client_secret'), assertion].filter((way) => way !== undefined)
  if (ways.length > 1) {
    throw new OAuthError('invalid_request', 'Use one way of client authentication, not two')
  }
  const clientId = form.get('client_id') ?? basic?.id ?? subjectOf(assertion)
  if (clientId === undefined) throw new OAuthError('invalid_request', 'Missing client_id')
  if (basic !== undefined && basic.id !== clientId) {
    throw new OAuthError('invalid_request', 'Two different client_ids')
  }
  const secret = basic?.secret ?? form.get('client_secret')
  return { clientId, secret: secret === '' ? undefined : secret, assertion }
}

function readAssertion(form: Parameters): string | undefined {
  const assertion = form.get('client_assertion')
  if (assertion !== undefined && form.get('client_assertion_type') !== ASSERTION_TYPE) {
    throw new OAuthError(
      'invalid_request',
      `Unsupported client_assertion_type: use ${ASSERTION_TYPE}`,
    )
  }
  return assertion
}

/** The client that an assertion speaks for, before it is believed (RFC 7521 §4.2). */
function subjectOf(assertion: string | undefined): string | undefined {
  const [, payload = ''] = assertion?.split('.') ?? []
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    const parsed = v.safeParse(v.object({ sub: v.string() }), claims)
    return parsed.success ? parsed.output.sub : undefined
  } catch {
    return undefined
  }
}

/** The shared client is public, so a secret adds nothing; but one that is shown must be right. */
async function checkDerivedSecret(
  secret: string | undefined,
  server: OAuthServer,
  secrets: DerivedSecrets,
): Promise<void> {
  if (secret === undefined || (await secrets.isSecretFor(server.name, secret))) return
  if (await secrets.isSecretFor(ANY_SERVER, secret)) return
  throw new OAuthError('invalid_client', 'Wrong client_secret: register again')
}

async function checkConfiguredSecret(secret: string | undefined, sha256: string | undefined) {
  if (sha256 === undefined) {
    if (secret === undefined) return
    throw new OAuthError('invalid_client', 'This client has no secret: leave client_secret out')
  }
  if (secret !== undefined && (await hasSha256(secret, sha256))) return
  throw new OAuthError('invalid_client', 'Missing or wrong client_secret')
}

interface Asserting extends Authenticating {
  readonly client: { readonly id: string; readonly description: DescribedClient }
  readonly assertion: string | undefined
}

/** `private_key_jwt` (RFC 7523 §3): signed by the client's key, for us, once. */
async function checkAssertion(
  asserting: Asserting,
  deps: AuthenticationDependencies,
): Promise<void> {
  const { assertion, client, server, exchange } = asserting
  if (assertion === undefined) {
    if (client.description.methods.includes('none')) return
    throw new OAuthError(
      'invalid_client',
      'Missing client_assertion: this client declares private_key_jwt',
    )
  }
  const { endpoints } = exchange
  const audiences = [
    ...(['', `/${server.name}`, `/mcp/${server.name}`, `/${server.name}/mcp`] as const),
  ].map((path) => endpoints.issuer(path))
  const jti = await verify(assertion, {
    keys: await loadKeys(client.description, deps.fetchPublic),
    clientId: client.id,
    audiences: [...audiences, endpoints.token(server.name), endpoints.token(undefined)],
    now: deps.seconds(),
  })
  if (await deps.store.claim(`assertion:${client.id} ${jti}`, MAX_ASSERTION_AGE)) return
  throw unusableAssertion()
}

async function verify(
  assertion: string,
  expected: { keys: JSONWebKeySet; clientId: string; audiences: string[]; now: number },
): Promise<string> {
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(expected.keys), {
      algorithms: ASSERTION_ALGORITHMS,
      issuer: expected.clientId,
      subject: expected.clientId,
      audience: expected.audiences,
      requiredClaims: ['exp', 'jti'],
      currentDate: new Date(expected.now * 1000),
    })
    // No longer than its id is remembered, or it could be shown again after that.
    const exp = v.pipe(v.number(), v.maxValue(expected.now + MAX_ASSERTION_AGE))
    const jti = v.pipe(v.string(), v.maxLength(256))
    return v.parse(v.object({ jti, exp }), payload).jti
  } catch (error) {
    throw unusableAssertion(error)
  }
}

const Keys = v.object({ keys: v.array(v.looseObject({ kty: v.string() })) })

async function loadKeys(
  description: DescribedClient,
  fetchPublic: FetchPublic,
): Promise<JSONWebKeySet> {
  const { jwks, jwksUri } = description
  if (jwks !== undefined) return parseKeys(jwks)
  const fetched = jwksUri === undefined ? undefined : await fetchPublic(jwksUri, KEYS_LIMITS)
  if (fetched?.kind !== 'fetched') throw unusableAssertion()
  return parseKeys(fetched.text)
}

function parseKeys(keys: object | string): JSONWebKeySet {
  try {
    return v.parse(Keys, typeof keys === 'string' ? JSON.parse(keys) : keys)
  } catch (error) {
    throw unusableAssertion(error)
  }
}

function unusableAssertion(cause?: unknown): OAuthError {
  const message = 'The client_assertion is not a fresh one of this client for this server'
  return new OAuthError('invalid_client', message, { cause })
}
