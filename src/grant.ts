import * as v from 'valibot'
import type { Purpose } from './sealing/key-ring.ts'
import type { Seal, Sealer } from './sealing/sealer.ts'

/** What a client asked for at the authorization endpoint, once it is checked. */
export const AuthorizationRequest = v.object({
  clientId: v.string(),
  redirectUri: v.string(),
  state: v.optional(v.string()),
  codeChallenge: v.string(),
  /** As the client sent it; it names the server that `aud` names. */
  resource: v.optional(v.string()),
  scope: v.array(v.string()),
  /** The issuer that the answer must name (RFC 9207). */
  issuer: v.string(),
})
export type AuthorizationRequest = v.InferOutput<typeof AuthorizationRequest>

/** An authorization request waiting on the consent page. */
export const PendingConsent = v.object({ request: AuthorizationRequest, csrf: v.string() })

/** An authorization request waiting at the provider. */
export const Flow = v.object({
  request: AuthorizationRequest,
  /** The state the provider was given. */
  state: v.string(),
  codeVerifier: v.string(),
  providerRedirectUri: v.string(),
})
export type Flow = v.InferOutput<typeof Flow>

/** Our authorization code: the provider's, to be redeemed by whoever knows the verifier. */
export const CodeGrant = v.object({
  clientId: v.string(),
  redirectUri: v.string(),
  codeChallenge: v.string(),
  resource: v.optional(v.string()),
  scope: v.array(v.string()),
  providerCode: v.string(),
  providerRedirectUri: v.string(),
  codeVerifier: v.string(),
})
export type CodeGrant = v.InferOutput<typeof CodeGrant>

/** Our access token: the provider's, for the gateway to send upstream. */
export const AccessGrant = v.object({
  clientId: v.string(),
  session: v.string(),
  scope: v.array(v.string()),
  accessToken: v.string(),
})
export type AccessGrant = v.InferOutput<typeof AccessGrant>

/** Our refresh token: the provider's, or its access token where that never expires. */
export const RefreshGrant = v.object({
  clientId: v.string(),
  session: v.string(),
  resource: v.optional(v.string()),
  scope: v.array(v.string()),
  /** When the user signed in, in seconds since the epoch. */
  since: v.number(),
  renewal: v.variant('kind', [
    v.object({ kind: v.literal('refresh'), refreshToken: v.string() }),
    v.object({ kind: v.literal('keep'), accessToken: v.string() }),
  ]),
})
export type RefreshGrant = v.InferOutput<typeof RefreshGrant>

/** A token response, kept for the clients that race for it. */
const Successor = v.object({ response: v.unknown() })

/** A client that registered itself with redirect URIs that nobody knows. */
export const RegisteredClient = v.object({
  redirectUris: v.array(v.string()),
  name: v.optional(v.string()),
})
export type RegisteredClient = v.InferOutput<typeof RegisteredClient>

/** What a user once approved in this browser. */
const Approval = v.object({ subject: v.string() })

/** The upstream address that a legacy SSE stream named for its messages. */
export const MessageEndpoint = v.object({ url: v.string() })

const SCHEMAS = {
  code: CodeGrant,
  'access-token': AccessGrant,
  'refresh-token': RefreshGrant,
  flow: Flow,
  consent: PendingConsent,
  'message-endpoint': MessageEndpoint,
  successor: Successor,
  client: RegisteredClient,
  approval: Approval,
}

type Schemas = typeof SCHEMAS
type ArtifactPurpose = keyof Schemas & Purpose

/** An opened artifact and the seal it came in. */
export interface Artifact<P extends ArtifactPurpose> {
  readonly seal: Seal
  readonly grant: v.InferOutput<Schemas[P]>
}

/** Seals what one purpose carries, for a server, for so many seconds. */
export function issue<P extends ArtifactPurpose>(
  sealer: Sealer,
  purpose: P,
  {
    server,
    lifetime,
    grant,
  }: { server: string; lifetime: number; grant: v.InferOutput<Schemas[P]> },
): Promise<string> {
  return sealer.seal(purpose, { audience: server, lifetime, payload: grant })
}

/** Opens an artifact of one purpose; undefined for whatever is not a valid one. */
export async function open<P extends ArtifactPurpose>(
  sealer: Sealer,
  purpose: P,
  text: string,
): Promise<Artifact<P> | undefined> {
  const opened = await sealer.open(purpose, text)
  if (opened === undefined) return undefined
  const parsed = v.safeParse(SCHEMAS[purpose], opened.payload)
  return parsed.success ? { seal: opened.seal, grant: parsed.output } : undefined
}
