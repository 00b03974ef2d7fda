import type { FetchGuarded } from '../http/guarded-fetch.ts'
import { authorizationServerMetadataUrls } from '../oauth/well-known.ts'
import { type AuthorizationServerDocument, parseAuthorizationServerDocument } from './documents.ts'
import { findQuirks } from './provider-quirks.ts'
import { addressesFor, isPlainUrl, type Reach } from './reach.ts'

const TIMEOUT = 10_000 // milliseconds
const MAX_DOCUMENT = 262_144 // bytes

/** Why a provider was not found, in words that say what to do. */
export class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError'
  readonly code: 'unreachable' | 'unprotected' | 'mismatch' | 'unusable'

  constructor(code: DiscoveryError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** An authorization server as its metadata describes it. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly authorizationUrl?: string
  readonly tokenUrl: string
  readonly registrationUrl?: string
  readonly revocationUrl?: string
  readonly jwksUrl?: string
  readonly scopes: readonly string[]
  readonly authenticationMethods?: readonly string[]
  readonly namesIssuer: boolean
  readonly takesClientDocuments: boolean
}

/** How the issuer was come by. */
interface Context {
  readonly reach: Reach
  readonly fetchGuarded: FetchGuarded
  /** Whether nobody named the issuer: an MCP server of 2025-03-26 may be its own. */
  readonly isGuess: boolean
  /** Whether the MCP server asked for a token. */
  readonly isProtected: boolean
}

/** The authorization server of an issuer, by its metadata (RFC 8414 §3); throws a DiscoveryError. */
export async function findAuthorizationServer(
  issuer: string,
  context: Context,
): Promise<AuthorizationServer> {
  if (!isPlainUrl(issuer)) throw new DiscoveryError('unusable', 'The issuer is not a usable URL')
  const causes: string[] = []
  for (const url of authorizationServerMetadataUrls(issuer)) {
    const found = await fetchDocument(url, context)
    if (typeof found === 'string') {
      causes.push(found)
      continue
    }
    if (isIssuer(found.issuer, issuer)) return describe(found, issuer, context.reach)
    causes.push(`it says that its issuer is ${isPlainUrl(found.issuer) ? found.issuer : 'another'}`)
  }
  if (context.isGuess) return guess(issuer, context, causes)
  throw unusableMetadata(issuer, causes)
}

function unusableMetadata(issuer: string, causes: readonly string[]): DiscoveryError {
  const mismatch = causes.find((cause) => cause.startsWith('it says'))
  return new DiscoveryError(
    mismatch === undefined ? 'unreachable' : 'mismatch',
    `The metadata of the provider ${issuer} can not be used: ${mismatch ?? causes[0] ?? 'none found'}`,
  )
}

/** The document at a URL, or why there is none. */
async function fetchDocument(
  url: string,
  { reach, fetchGuarded }: Context,
): Promise<AuthorizationServerDocument | string> {
  const isAllowed = addressesFor(url, reach)
  if (isAllowed === undefined) return 'its address may not be asked'
  const limits = { isAllowed, maxBytes: MAX_DOCUMENT, timeout: TIMEOUT }
  const answer = await fetchGuarded({ url, method: 'GET' }, limits)
  if (answer.kind === 'failed') return answer.cause
  if (answer.status !== 200) return `status ${answer.status}`
  return parseAuthorizationServerDocument(answer.text) ?? 'not the metadata of a provider'
}

/** Issuers are compared as strings (RFC 8414 §3.3); a tenant placeholder stands for one segment. */
function isIssuer(found: string, wanted: string): boolean {
  if (found === wanted) return true
  const { tenantPlaceholder } = findQuirks(wanted)
  if (tenantPlaceholder === undefined || !found.includes(`/${tenantPlaceholder}/`)) return false
  const [before = '', after = ''] = found.split(tenantPlaceholder)
  const tenant = wanted.slice(before.length, wanted.length - after.length)
  return wanted === `${before}${tenant}${after}` && /^[^/]+$/.test(tenant)
}

function describe(
  document: AuthorizationServerDocument,
  issuer: string,
  reach: Reach,
): AuthorizationServer {
  const { authorization_endpoint: authorizationUrl, token_endpoint: tokenUrl } = document
  checkPkce(document, issuer)
  const usable = (url: string | undefined, name: string) => {
    if (url === undefined || addressesFor(url, reach) !== undefined) return url
    throw new DiscoveryError(
      'unusable',
      `The ${name} of the provider ${issuer} is not one that may be used: want https`,
    )
  }
  return {
    issuer,
    tokenUrl: usable(tokenUrl, 'token_endpoint') ?? tokenUrl,
    ...optional('authorizationUrl', usable(authorizationUrl, 'authorization_endpoint')),
    ...optional('registrationUrl', usable(document.registration_endpoint, 'registration_endpoint')),
    ...optional('revocationUrl', usable(document.revocation_endpoint, 'revocation_endpoint')),
    ...optional('jwksUrl', usable(document.jwks_uri, 'jwks_uri')),
    ...optional('authenticationMethods', document.token_endpoint_auth_methods_supported),
    scopes: document.scopes_supported ?? [],
    namesIssuer: document.authorization_response_iss_parameter_supported === true,
    takesClientDocuments: document.client_id_metadata_document_supported === true,
  }
}

/** The member of this name, if there is a value for it. */
function optional<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V }
function optional(name: string, value: unknown): Readonly<Record<string, unknown>> {
  return value === undefined ? {} : { [name]: value }
}

/** MCP authorization, 2025-11-25 and later: a provider that does not name S256 is refused. */
function checkPkce(document: AuthorizationServerDocument, issuer: string): void {
  const methods = document.code_challenge_methods_supported
  const isInteractive = document.authorization_endpoint !== undefined
  if (!isInteractive || methods?.includes('S256') === true) return
  if (methods === undefined && findQuirks(issuer).takesUnlistedPkce === true) return
  throw new DiscoveryError(
    'unusable',
    `The provider ${issuer} does not name PKCE with S256 in its metadata: if it has it, set authorization_url and token_url`,
  )
}

/** Before 2025-06-18 an MCP server without any metadata had its endpoints at fixed paths. */
function guess(
  origin: string,
  { isProtected }: Context,
  causes: readonly string[],
): AuthorizationServer {
  const isMismatch = causes.find((cause) => cause.startsWith('it says'))
  if (isMismatch !== undefined) {
    const message = `The metadata at ${origin} can not be used: ${isMismatch}; if that is the provider, set issuer`
    throw new DiscoveryError('mismatch', message)
  }
  if (!isProtected) {
    throw new DiscoveryError(
      'unprotected',
      'The MCP server asks for no sign-in and names no provider: set auth_type: none, or issuer',
    )
  }
  return {
    issuer: origin,
    authorizationUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    registrationUrl: `${origin}/register`,
    scopes: [],
    namesIssuer: false,
    takesClientDocuments: false,
  }
}
