import * as v from 'valibot'
import type { Config } from '../config/config.ts'
import { issue } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { isKnownRedirectUri, isRegistrableRedirectUri } from '../oauth/redirect-uri.ts'
import { parseScope } from '../oauth/scope.ts'
import { toDisplayText } from '../pages/text.ts'
import { ANY_SERVER, isOAuthServer, type Registry, type Server } from '../registry.ts'
import type { TextAnswer } from '../request/answer.ts'
import type { Endpoint } from '../request/exchange.ts'
import { readOAuthBody } from '../request/oauth-body.ts'
import type { RateLimit } from '../request/rate-limit.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound, respondWithJson } from '../request/respond.ts'
import type { DerivedSecrets } from '../sealing/derived-secret.ts'
import type { Sealer } from '../sealing/sealer.ts'

const MAX_REDIRECT_URIS = 10
const MAX_NAME = 200 // characters
/** What old clients call themselves where they got no id. */
const NAMELESS_CLIENT = 'dummy_client'
const MAX_CLIENT_ID = 2048 // characters
const REGISTRATION_LIFETIME = 90 * 24 * 3600 // seconds

/** The client metadata that means something to us (RFC 7591 §2); all else is ignored. */
const ClientMetadata = v.object({
  redirect_uris: v.pipe(v.array(v.string()), v.nonEmpty(), v.maxLength(MAX_REDIRECT_URIS)),
  token_endpoint_auth_method: v.nullish(
    v.picklist(['none', 'client_secret_basic', 'client_secret_post']),
  ),
  grant_types: v.nullish(v.array(v.string())),
  response_types: v.nullish(v.array(v.string())),
  client_name: v.nullish(v.string()),
  scope: v.nullish(v.string()),
})
type ClientMetadata = v.InferOutput<typeof ClientMetadata>

interface Dependencies {
  readonly registry: Registry
  readonly secrets: DerivedSecrets
  readonly sealer: Sealer
  readonly registration: Config['registration']
  readonly isWithinLimit: RateLimit
  readonly allowedRedirectUris: readonly string[]
}

/** `POST …/register` (RFC 7591 §3): known clients share the server's public client. */
export function createRegisterEndpoint(deps: Dependencies): Endpoint {
  return async ({ request, base, serverName, clientNetwork }) => {
    const { registry } = deps
    if (!deps.isWithinLimit(clientNetwork)) return tooMany()
    const server = resolveServer({ registry, base }, { path: serverName })
    const desk =
      server === undefined && serverName === undefined ? sharedDesk(registry) : deskOf(server)
    if (desk === undefined) return notFound()
    const metadata = await readMetadata(request)
    const client = await createClient(deps, desk, metadata)
    const secret = hasSecret(metadata) ? await deps.secrets.secretFor(desk.audience) : undefined
    const registered = { ...metadata, redirect_uris: client.redirectUris }
    return respondWithJson(describe(client.id, registered, secret), { status: 201 })
  }
}

/** Where a client registers: at one server, or at all that share the root. */
interface Desk {
  readonly audience: string
  readonly sharedClientId: string
  readonly allowedRedirectUris: readonly string[]
}

function deskOf(server: Server | undefined): Desk | undefined {
  if (server === undefined || !isOAuthServer(server)) return undefined
  const { name, allowedRedirectUris } = server
  return { audience: name, sharedClientId: name, allowedRedirectUris }
}

/** A registration says nothing of the server; that comes with `resource`, which clients send later. */
function sharedDesk({ servers, hasSharedRoot }: Registry): Desk | undefined {
  if (!hasSharedRoot) return undefined
  const allowedRedirectUris = servers
    .filter(isOAuthServer)
    .flatMap((server) => server.allowedRedirectUris)
  // The id must name no server: authorize would take it for the one that is meant.
  return { audience: ANY_SERVER, sharedClientId: NAMELESS_CLIENT, allowedRedirectUris }
}

/** Registration keeps nothing, but it costs (THREATS T46). */
function tooMany(): TextAnswer {
  return respondWithJson(
    {
      error: 'temporarily_unavailable',
      error_description: 'Too many registrations: wait a minute',
    },
    { status: 429, headers: { 'Retry-After': '60' } },
  )
}

interface CreatedClient {
  readonly id: string
  readonly redirectUris: string[]
}

/** The shared client for addresses that are known, one of its own for the others if that is allowed. */
async function createClient(
  deps: Dependencies,
  desk: Desk,
  metadata: ClientMetadata,
): Promise<CreatedClient> {
  const allowed = [...deps.allowedRedirectUris, ...desk.allowedRedirectUris]
  const known = metadata.redirect_uris.filter((uri) => isKnownRedirectUri(uri, allowed))
  const registrable = metadata.redirect_uris.filter(isRegistrableRedirectUri)
  if (deps.registration === 'open' && registrable.length > known.length) {
    return { id: await seal(deps.sealer, desk, metadata), redirectUris: registrable }
  }
  // One odd URI among good ones must not lock a client out (Cursor sends three kinds).
  if (known.length > 0) return { id: desk.sharedClientId, redirectUris: known }
  throw unknownRedirectUris()
}

/** A client id that carries what was registered, so that nothing is kept (RFC 7591 §5). */
async function seal(
  sealer: Sealer,
  { audience }: Desk,
  { client_name: name, redirect_uris }: ClientMetadata,
): Promise<string> {
  const redirectUris = redirect_uris.filter(isRegistrableRedirectUri)
  const clientId = await issue(sealer, 'client', {
    server: audience,
    lifetime: REGISTRATION_LIFETIME,
    grant: { redirectUris, ...(typeof name === 'string' ? { name: toDisplayText(name, 64) } : {}) },
  })
  if (clientId.length <= MAX_CLIENT_ID) return clientId
  throw new OAuthError('invalid_client_metadata', 'The redirect_uris are too long: shorten them')
}

function unknownRedirectUris(): OAuthError {
  return new OAuthError(
    'invalid_redirect_uri',
    'No redirect URI is known here: add it to allowed_redirect_uris in the configuration of the proxy, or set registration: open',
  )
}

async function readMetadata(request: Request): Promise<ClientMetadata> {
  const parsed = v.safeParse(ClientMetadata, parseJson(await readOAuthBody(request)))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const key = issue.path?.[0]?.key
  if (key === 'redirect_uris') {
    throw new OAuthError(
      'invalid_redirect_uri',
      `Unusable redirect_uris: want an array of 1 to ${MAX_REDIRECT_URIS} strings`,
    )
  }
  const what = typeof key === 'string' ? key : 'body'
  throw new OAuthError(
    'invalid_client_metadata',
    `Unusable ${what}: want client metadata by RFC 7591`,
  )
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    // Valibot takes a list for an object without members.
    if (!Array.isArray(value)) return value
  } catch {
    // Said below, alike for both.
  }
  throw new OAuthError('invalid_client_metadata', 'Unusable body: want a JSON object')
}

function hasSecret({ token_endpoint_auth_method: method }: ClientMetadata): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

/** What is registered, as RFC 7591 §3.2.1 has it; never a null member, which SDKs refuse. */
function describe(clientId: string, metadata: ClientMetadata, secret: string | undefined) {
  const scope = parseScope(metadata.scope ?? undefined).join(' ')
  const name = metadata.client_name?.slice(0, MAX_NAME)
  const grants = metadata.grant_types?.filter((grant) => GRANTS.includes(grant)) ?? []
  return {
    client_id: clientId,
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    redirect_uris: metadata.redirect_uris,
    token_endpoint_auth_method: secret === undefined ? 'none' : metadata.token_endpoint_auth_method,
    grant_types: grants.length > 0 ? grants : GRANTS,
    response_types: ['code'],
    ...(name === undefined ? {} : { client_name: name }),
    ...(scope === '' ? {} : { scope }),
  }
}

const GRANTS = ['authorization_code', 'refresh_token']
