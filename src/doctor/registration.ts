import * as v from 'valibot'
import {
  describeAnswer,
  type Examination,
  failed,
  SDK_REFUSAL,
  unseen,
  well,
} from './examination.ts'
import { toPrintable } from './printable.ts'
import type { Answer } from './probe.ts'
import { prefixOf, settingRemedy, wellKnownRemedy } from './remedies.ts'
import type { Cause, Step } from './report.ts'
import { findSdkRefusal } from './sdk-schemas.ts'
import type { FoundServer } from './server-metadata.ts'
import { isAskable, type Target } from './target.ts'

const RegisteredClient = v.object({
  client_id: v.pipe(v.string(), v.nonEmpty()),
  client_secret: v.fallback(v.optional(v.string()), undefined),
  token_endpoint_auth_method: v.fallback(v.optional(v.string()), undefined),
  registration_client_uri: v.fallback(v.optional(v.string()), undefined),
  registration_access_token: v.fallback(v.optional(v.string()), undefined),
})

/** A client as the authorization server registered it (RFC 7591 §3.2.1, RFC 7592 §3). */
export type RegisteredClient = v.InferOutput<typeof RegisteredClient> & {
  /** What the official SDKs refuse of the answer to the registration. */
  readonly refusal?: string
}

/** How the doctor comes as a client. */
export interface Coming {
  readonly redirectUri: string
  /** An id that was registered by hand. */
  readonly clientId: string | undefined
}

/** Registers the doctor as a client with a loopback redirect URI (RFC 7591 §3, RFC 8252 §7.3). */
export async function register(
  { document, isGuessed }: FoundServer,
  { redirectUri, clientId }: Coming,
  { target, probe, record, hide }: Examination,
): Promise<RegisteredClient | undefined> {
  if (clientId !== undefined) {
    record(unseen('registration', `skipped: the client id is ${clientId}`))
    return { client_id: clientId }
  }
  const url = document.registration_endpoint
  if (url === undefined) {
    record(
      document.client_id_metadata_document_supported === true
        ? unseen(
            'registration',
            'none, but client metadata documents are taken; --client-id ID signs in',
          )
        : failed('registration', 'there is no registration_endpoint', NO_REGISTRATION),
    )
    return undefined
  }
  const answer = await probe(registrationQuestion(url, redirectUri))
  const client = toClient(answer)
  if (client === undefined) {
    const isMissing = isGuessed && toOAuthError(answer) === undefined
    const cause = isMissing ? causeOfNoMetadata(target) : causeOfRefusal(answer)
    record(failed('registration', `POST ${url}: ${describeRefusal(answer)}`, cause))
    return undefined
  }
  hide(client.client_secret)
  hide(client.registration_access_token)
  record(describeRegistered(client, redirectUri))
  return client
}

function describeRegistered({ client_id, refusal }: RegisteredClient, redirectUri: string): Step {
  const seen = `registered ${redirectUri} as client ${client_id.slice(0, 40)}`
  if (refusal === undefined) return well('registration', seen)
  return failed('registration', `${seen}, but ${refusal}`, SDK_REFUSAL)
}

const NO_REGISTRATION: Cause = {
  cause:
    'clients need an id that is registered by hand (--client-id ID examines with one), or a proxy in front that registers them',
  remedy: [],
}

function registrationQuestion(url: string, redirectUri: string) {
  const metadata = {
    client_name: 'mcp-oauth-proxy doctor',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  }
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  return { url, method: 'POST', headers, body: JSON.stringify(metadata) } as const
}

function toClient(answer: Answer): RegisteredClient | undefined {
  if (answer.kind === 'failed' || answer.status < 200 || answer.status > 299) return undefined
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), RegisteredClient), answer.text)
  if (!parsed.success) return undefined
  const refusal = findSdkRefusal('registration', answer.text)
  return { ...parsed.output, ...(refusal === undefined ? {} : { refusal }) }
}

const ErrorResponse = v.object({ error: v.string(), error_description: v.optional(v.string()) })

/** An answer's OAuth error (RFC 6749 §5.2, RFC 7591 §3.2.2), if it is one. */
export function toOAuthError(answer: Answer): v.InferOutput<typeof ErrorResponse> | undefined {
  if (answer.kind === 'failed') return undefined
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), ErrorResponse), answer.text)
  return parsed.success ? parsed.output : undefined
}

/** An OAuth error in words, else the answer. */
export function describeRefusal(answer: Answer): string {
  const error = toOAuthError(answer)
  if (error === undefined || answer.kind === 'failed') return describeAnswer(answer)
  const { error: code, error_description: description = '' } = error
  return toPrintable(`${answer.status} ${code} ${description}`)
}

/** Nothing names an endpoint, and none is at the place of old. */
function causeOfNoMetadata(target: Target): Cause {
  return {
    cause:
      'no metadata names an authorization server, and none is at the root: the front end does not hand /.well-known/ on, or the server has none',
    remedy: wellKnownRemedy(prefixOf(target)),
  }
}

function causeOfRefusal(answer: Answer): Cause {
  if (answer.kind === 'failed') {
    return { cause: 'the registration endpoint can not be reached', remedy: [] }
  }
  if (answer.status === 404) {
    const cause = 'missing route: the front end does not hand the registration endpoint on'
    return { cause, remedy: [] }
  }

  const code = toOAuthError(answer)?.error
  if (code === 'invalid_redirect_uri') {
    return {
      cause: 'it does not take loopback redirect URIs, so no client on a desktop gets in',
      remedy: settingRemedy('allowed_redirect_uris: ["http://127.0.0.1:*/callback"]'),
    }
  }
  if (answer.status === 401 || answer.status === 403) {
    return { cause: 'it registers nobody without a token of its own, or not from here', remedy: [] }
  }
  if (answer.status === 429) {
    return { cause: 'too many registrations from this network just now: wait', remedy: [] }
  }
  return { cause: 'want 201 and JSON with client_id (RFC 7591 §3.2.1)', remedy: [] }
}

/** Takes a registration back where the server lets its client do so (RFC 7592 §2.3). */
export async function unregister(
  client: RegisteredClient,
  { target, probe, record }: Examination,
): Promise<void> {
  const { registration_client_uri: url, registration_access_token: token } = client
  if (url === undefined || token === undefined || !isAskable(url, target)) return
  const headers = { authorization: `Bearer ${token}` }
  const answer = await probe({ url, method: 'DELETE', headers })
  const isGone = answer.kind === 'answered' && answer.status === 204
  record(
    isGone
      ? well('clean up', 'the registration is taken back')
      : unseen('clean up', `the registration stays: ${describeAnswer(answer)}`),
  )
}
