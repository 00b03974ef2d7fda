import * as v from 'valibot'
import { after, type Ready } from './ready.ts'
import type { Purpose } from './sealing/key-ring.ts'
import type { Opened, Seal, Sealer } from './sealing/sealer.ts'

/** Our client at a provider, where it was not configured: what a grant needs for being redeemed and renewed. */
const GrantClient = v.object({
  clientId: v.string(),
  clientSecret: v.optional(v.string()),
  method: v.picklist(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']),
})

/** Whose grant it is: the provider's, and the client of ours that it was given to. */
export const ProviderBinding = v.object({
  issuer: v.optional(v.string()),
  client: v.optional(GrantClient),
})
export type ProviderBinding = v.InferOutput<typeof ProviderBinding>

/** Who signed in at an identity provider. */
export const Identity = v.object({
  subject: v.string(),
  email: v.optional(v.string()),
  groups: v.array(v.string()),
})
export type Identity = v.InferOutput<typeof Identity>

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
  binding: ProviderBinding,
  /** Whether the provider's answers always name its issuer (RFC 9207 §3). */
  namesIssuer: v.boolean(),
  nonce: v.optional(v.string()),
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
  binding: ProviderBinding,
  nonce: v.optional(v.string()),
})
export type CodeGrant = v.InferOutput<typeof CodeGrant>

/** Our access token: the provider's, for the gateway to send upstream, and how to renew that. */
export const AccessGrant = v.object({
  clientId: v.string(),
  session: v.string(),
  scope: v.array(v.string()),
  accessToken: v.string(),
  renewal: v.optional(v.object({ refreshToken: v.string(), binding: ProviderBinding })),
  identity: v.optional(Identity),
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
  identity: v.optional(Identity),
  renewal: v.variant('kind', [
    v.object({
      kind: v.literal('refresh'),
      refreshToken: v.string(),
      binding: ProviderBinding,
    }),
    v.object({ kind: v.literal('keep'), accessToken: v.string() }),
  ]),
})
export type RefreshGrant = v.InferOutput<typeof RefreshGrant>

/** The newest tokens of a session, where they are newer than those that its client holds. */
export const RenewedTokens = v.object({
  /** The provider's tokens that the client holds, and that these came after. */
  replaced: v.object({ accessToken: v.optional(v.string()), refreshToken: v.string() }),
  accessToken: v.string(),
  refreshToken: v.optional(v.string()),
})
export type RenewedTokens = v.InferOutput<typeof RenewedTokens>

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
  renewed: RenewedTokens,
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

/** Opens an artifact of one purpose, at once if it was opened lately; undefined for whatever is not a valid one. */
export function open<P extends ArtifactPurpose>(
  sealer: Sealer,
  purpose: P,
  text: string,
): Ready<Artifact<P> | undefined> {
  return after(sealer.open(purpose, text), (opened) => {
    return opened === undefined ? undefined : parse(purpose, opened)
  })
}

function parse<P extends ArtifactPurpose>(purpose: P, opened: Opened): Artifact<P> | undefined {
  const known = PARSED[purpose].get(opened)
  if (known !== undefined) return known
  const parsed = v.safeParse(SCHEMAS[purpose], opened.payload)
  if (!parsed.success) return undefined
  const artifact = { seal: opened.seal, grant: parsed.output }
  PARSED[purpose].set(opened, artifact)
  return artifact
}

/** What was parsed of something that a sealer still holds open: it is the same each time. */
const PARSED: { readonly [P in ArtifactPurpose]: WeakMap<Opened, Artifact<P>> } = {
  code: new WeakMap(),
  'access-token': new WeakMap(),
  'refresh-token': new WeakMap(),
  flow: new WeakMap(),
  consent: new WeakMap(),
  'message-endpoint': new WeakMap(),
  successor: new WeakMap(),
  renewed: new WeakMap(),
  client: new WeakMap(),
  approval: new WeakMap(),
}
