import type { ClientConfig } from '../config/config.ts'
import { open, type RegisteredClient } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { isKnownRedirectUri, isSameRedirectUri, matchesPattern } from '../oauth/redirect-uri.ts'
import { ANY_SERVER, type OAuthServer } from '../registry.ts'
import type { Sealer } from '../sealing/sealer.ts'
import {
  type DescribedClient,
  isDocumentUrl,
  type ReadClientDocument,
} from './client-metadata-document.ts'

const MAX_CLIENT_ID = 2048 // characters

/** The client of a request, by the way its id says who it is. */
export type Client = {
  readonly id: string /** What grants are bound to. */
  readonly key: string
} & (
  | { readonly kind: 'shared' }
  | { readonly kind: 'configured'; readonly config: ClientConfig }
  | { readonly kind: 'registered'; readonly registration: RegisteredClient }
  | { readonly kind: 'described'; readonly description: DescribedClient }
)

/** Finds out which client an id means at a server; throws `invalid_client`. */
export type ResolveClient = (clientId: string | undefined, server: OAuthServer) => Promise<Client>

/** A resolver of client ids, the same at authorize, token and revoke. */
export function createClientResolver(deps: {
  readonly sealer: Sealer
  readonly clients: readonly ClientConfig[]
  readonly readClientDocument: ReadClientDocument
}): ResolveClient {
  const configured = new Map(deps.clients.map((client) => [client.id, client]))
  return async (clientId, server) => {
    const id = checkClientId(clientId)
    const config = configured.get(id)
    if (config !== undefined) return { kind: 'configured', id, key: id, config }
    if (/^https?:/i.test(id)) return describe(id, deps.readClientDocument)
    return isSealed(id)
      ? openRegistration(id, server, deps.sealer)
      : { kind: 'shared', id, key: id }
  }
}

function checkClientId(clientId: string | undefined): string {
  if (clientId === undefined) {
    throw new OAuthError(
      'invalid_client',
      'Missing client_id: register first, or use the name of the server',
    )
  }
  if (clientId.length > MAX_CLIENT_ID || !/^[\x20-\x7E]+$/.test(clientId)) {
    throw new OAuthError(
      'invalid_client',
      `Malformed client_id: want at most ${MAX_CLIENT_ID} printable characters`,
    )
  }
  return clientId
}

async function describe(id: string, read: ReadClientDocument): Promise<Client> {
  if (!isDocumentUrl(id)) {
    throw new OAuthError('invalid_client', "The client's metadata document can not be used")
  }
  return { kind: 'described', id, key: id, description: await read(id) }
}

/** Five parts, the first a JOSE header: `{"` in base64url (RFC 7516 §7.1). */
function isSealed(id: string): boolean {
  return /^eyJ[A-Za-z0-9_-]*\.(?:[A-Za-z0-9_-]*\.){3}[A-Za-z0-9_-]*$/.test(id)
}

async function openRegistration(id: string, server: OAuthServer, sealer: Sealer): Promise<Client> {
  const opened = await open(sealer, 'client', id)
  const audience = opened?.seal.aud
  if (opened === undefined || (audience !== server.name && audience !== ANY_SERVER)) {
    throw new OAuthError(
      'invalid_client',
      'The registration of this client is unknown or has expired: register again',
    )
  }
  return { kind: 'registered', id, key: opened.seal.jti, registration: opened.grant }
}

/** Whether codes may go there: exactly as registered but for a loopback port, or by the policy. */
export function isRedirectUriOf(client: Client, uri: string, allowed: readonly string[]): boolean {
  switch (client.kind) {
    case 'shared':
      return isKnownRedirectUri(uri, allowed)
    case 'configured':
      return client.config.redirectUris.some((pattern) => matchesPattern(pattern, uri))
    case 'registered':
      return client.registration.redirectUris.some((own) => isSameRedirectUri(own, uri))
    case 'described':
      return client.description.redirectUris.some((own) => isSameRedirectUri(own, uri))
  }
}

/** Whether the user must be asked whatever the configuration says: nobody vouches for this address. */
export function isUnvouched(client: Client, uri: string, allowed: readonly string[]): boolean {
  switch (client.kind) {
    case 'shared':
    case 'configured':
      return false
    case 'registered':
      return true
    case 'described':
      return !isKnownRedirectUri(uri, allowed)
  }
}
