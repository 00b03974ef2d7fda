import * as v from 'valibot'
import { OAuthError } from '../oauth/error.ts'
import { isKnownRedirectUri } from '../oauth/redirect-uri.ts'
import { parseScope } from '../oauth/scope.ts'
import { isOAuthServer, type Registry } from '../registry.ts'
import type { Endpoint } from '../request/exchange.ts'
import { resolveServer } from '../request/resolve-server.ts'
import { notFound, respondWithJson } from '../request/respond.ts'
import type { DerivedSecrets } from '../sealing/derived-secret.ts'

const MAX_REDIRECT_URIS = 10
const MAX_NAME = 200 // characters

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

/** `POST …/register` (RFC 7591 §3): known clients share the server's public client. */
export function createRegisterEndpoint(deps: {
  readonly registry: Registry
  readonly secrets: DerivedSecrets
  readonly allowedRedirectUris: readonly string[]
}): Endpoint {
  return async ({ request, base, serverName }) => {
    const { registry } = deps
    const server = resolveServer({ registry, base }, { path: serverName })
    if (server === undefined || !isOAuthServer(server)) return notFound()
    const metadata = await readMetadata(request)
    const allowed = [...deps.allowedRedirectUris, ...server.allowedRedirectUris]
    const redirectUris = keepKnown(metadata.redirect_uris, allowed)
    const secret = hasSecret(metadata) ? await deps.secrets.secretFor(server.name) : undefined
    return respondWithJson(
      describe(server.name, { ...metadata, redirect_uris: redirectUris }, secret),
      {
        status: 201,
      },
    )
  }
}

async function readMetadata(request: Request): Promise<ClientMetadata> {
  const parsed = v.safeParse(ClientMetadata, parseJson(await request.text()))
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
    return JSON.parse(text)
  } catch {
    throw new OAuthError('invalid_client_metadata', 'Unusable body: want a JSON object')
  }
}

/** One odd URI among good ones must not lock a client out (Cursor sends three kinds). */
function keepKnown(uris: readonly string[], allowed: readonly string[]): string[] {
  const known = uris.filter((uri) => isKnownRedirectUri(uri, allowed))
  if (known.length > 0) return known
  throw new OAuthError(
    'invalid_redirect_uri',
    'No redirect URI is known here: add it to allowed_redirect_uris in the configuration of the proxy',
  )
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
