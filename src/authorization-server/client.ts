import { OAuthError } from '../oauth/error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import type { OAuthServer } from '../registry.ts'
import type { DerivedSecrets } from '../sealing/derived-secret.ts'

const MAX_CLIENT_ID = 512 // characters

/** Accepts the ids that mean the server's shared public client; throws `invalid_client`. */
export function checkClientId(clientId: string | undefined): string {
  if (clientId === undefined) {
    throw new OAuthError(
      'invalid_client',
      'Missing client_id: register first, or use the name of the server',
    )
  }
  if (clientId.length > MAX_CLIENT_ID || !/^[\x20-\x7E]+$/.test(clientId)) {
    throw new OAuthError(
      'invalid_client',
      'Malformed client_id: want at most 512 printable characters',
    )
  }
  if (/^https?:\/\//i.test(clientId)) {
    throw new OAuthError(
      'invalid_client',
      'Unsupported client_id: client metadata documents are not supported, register instead',
    )
  }
  return clientId
}

/** The client of a token request and the proof that it is it (RFC 6749 §2.3); throws `invalid_client`. */
export async function authenticateClient(
  { request, form, server }: { request: Request; form: Parameters; server: OAuthServer },
  secrets: DerivedSecrets,
): Promise<string> {
  const basic = parseBasic(request.headers.get('authorization'))
  if (basic !== undefined && form.has('client_secret')) {
    throw new OAuthError('invalid_request', 'Use one way of client authentication, not two')
  }
  const clientId = basic?.id ?? form.get('client_id')
  if (clientId === undefined) throw new OAuthError('invalid_request', 'Missing client_id')
  if (basic !== undefined && (form.get('client_id') ?? basic.id) !== basic.id) {
    throw new OAuthError('invalid_request', 'Two different client_ids')
  }
  const secret = basic?.secret ?? form.get('client_secret')
  // The shared client is public, so a secret adds nothing; but one that is shown must be right.
  if (secret !== undefined && secret !== '' && !(await secrets.isSecretFor(server.name, secret))) {
    throw new OAuthError('invalid_client', 'Wrong client_secret: register again')
  }
  return clientId
}

interface BasicCredentials {
  readonly id: string
  readonly secret: string
}

/** HTTP Basic credentials; SDKs differ in whether they form-encode them first (RFC 6749 §2.3.1). */
function parseBasic(header: string | null): BasicCredentials | undefined {
  if (header === null) return undefined
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  const [, id, secret] = /^([^:]*):([\s\S]*)$/.exec(decodeBase64(encoded) ?? '') ?? []
  if (id === undefined || secret === undefined) {
    throw new OAuthError('invalid_client', 'Malformed Authorization header: want Basic credentials')
  }
  return { id: decodeForm(id), secret: decodeForm(secret) }
}

function decodeBase64(encoded: string | undefined): string | undefined {
  try {
    return atob(encoded ?? '')
  } catch {
    return undefined
  }
}

function decodeForm(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? ''
}
