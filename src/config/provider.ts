import type {
  ClientAuthenticationMethod,
  PrivateKeyConfig,
  ProviderClient,
  ProviderConfig,
} from './config.ts'
import type { EntryContext } from './entry.ts'
import type { IdentityProviderEntry, ServerEntry } from './server-schema.ts'

type Entry = ServerEntry | IdentityProviderEntry

/** What an MCP server's entry says of the provider that protects it. */
export function createServerProvider(
  name: string,
  entry: ServerEntry,
  context: EntryContext,
): ProviderConfig {
  if (entry.authorization_response_iss_parameter_supported && entry.issuer === undefined) {
    context.demand('issuer', 'what the iss in its answers must be')
  }
  return {
    ...createCommon(entry, context),
    key: name,
    resourceUrl: entry.url,
    namesIssuer: entry.authorization_response_iss_parameter_supported,
    ...(entry.issuer === undefined ? {} : { issuer: entry.issuer }),
    ...(entry.registration_url === undefined ? {} : { registrationUrl: entry.registration_url }),
    ...resourceOf(entry),
  }
}

/** A provider where users sign in at servers that have none of their own. */
export function createIdentityProvider(
  name: string,
  entry: IdentityProviderEntry,
  context: EntryContext,
): ProviderConfig {
  return {
    ...createCommon(entry, context),
    key: `identity_providers.${name}`,
    issuer: entry.issuer,
    namesIssuer: false,
  }
}

function createCommon(entry: Entry, context: EntryContext) {
  const privateKey = readPrivateKey(entry, context)
  const client = readClient(entry, context, privateKey)
  return {
    scopes: entry.scopes,
    authorizationParams: entry.authorization_params,
    tokenParams: entry.token_params,
    ...(client === undefined ? {} : { client }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(entry.authorization_url === undefined ? {} : { authorizationUrl: entry.authorization_url }),
    ...(entry.token_url === undefined ? {} : { tokenUrl: entry.token_url }),
    ...(entry.revocation_url === undefined ? {} : { revocationUrl: entry.revocation_url }),
  }
}

function resourceOf({
  upstream_resource: resource,
}: ServerEntry): Pick<ProviderConfig, 'resource'> {
  if (resource === undefined) return {}
  if (resource === 'auto' || resource === 'none') return { resource }
  return { resource: `http${resource.slice('http'.length)}` }
}

function readClient(
  entry: Entry,
  context: EntryContext,
  privateKey: PrivateKeyConfig | undefined,
): ProviderClient | undefined {
  const clientId = context.readTwin('client_id', entry.client_id, entry.client_id_file)
  const clientSecret = context.readTwin(
    'client_secret',
    entry.client_secret,
    entry.client_secret_file,
  )
  if (clientId === undefined) {
    if (clientSecret !== undefined && !context.isThere('client_id', 'client_id_file')) {
      context.demand('client_id', 'the id of the app whose client_secret this is')
    }
    return undefined
  }
  const method = entry.token_endpoint_auth_method ?? defaultMethod(clientSecret, privateKey)
  checkMethod(method, { clientSecret, privateKey, context })
  return { clientId, method, ...(clientSecret === undefined ? {} : { clientSecret }) }
}

/** LiteLLM's default, where there is a secret. */
function defaultMethod(
  clientSecret: string | undefined,
  privateKey: PrivateKeyConfig | undefined,
): ClientAuthenticationMethod {
  if (privateKey !== undefined) return 'private_key_jwt'
  return clientSecret === undefined ? 'none' : 'client_secret_post'
}

function checkMethod(
  method: ClientAuthenticationMethod,
  has: {
    readonly clientSecret: string | undefined
    readonly privateKey: PrivateKeyConfig | undefined
    readonly context: EntryContext
  },
): void {
  const { clientSecret, privateKey, context } = has
  if (method === 'private_key_jwt') {
    const isThere = context.isThere('client_private_key', 'client_private_key_file')
    if (privateKey === undefined && !isThere) {
      context.demand('client_private_key', 'the key that private_key_jwt signs with')
    }
  } else if (method !== 'none' && clientSecret === undefined) {
    if (context.isThere('client_secret', 'client_secret_file')) return
    context.demand('client_secret', 'the secret that token_endpoint_auth_method sends')
  }
}

const PRIVATE_KEY = /^-----BEGIN PRIVATE KEY-----\s|^\s*\{[\s\S]*"kty"/

function readPrivateKey(entry: Entry, context: EntryContext): PrivateKeyConfig | undefined {
  const { client_private_key: own, client_private_key_file: file } = entry
  const text = context.readTwin('client_private_key', own, file)
  if (text === undefined) return undefined
  if (!PRIVATE_KEY.test(text)) {
    context.note(
      own === undefined ? 'client_private_key_file' : 'client_private_key',
      'Unusable key: want a private key as PEM (PKCS#8, BEGIN PRIVATE KEY) or as a JWK',
    )
  }
  const { client_private_key_id: keyId, token_endpoint_auth_signing_alg: algorithm } = entry
  return {
    text,
    ...(keyId === undefined ? {} : { keyId }),
    ...(algorithm === undefined ? {} : { algorithm }),
  }
}
