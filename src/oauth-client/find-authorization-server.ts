import { authorizationServerMetadataUrls } from '../oauth/well-known.ts'
import { type AuthorizationServerDocument, parseAuthorizationServerDocument } from './documents.ts'
import { type DocumentSource, fetchDocument } from './fetch-document.ts'
import { findQuirks } from './provider-quirks.ts'
import { addressesFor, isPlainUrl, type Reach } from './reach.ts'

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
interface Context extends DocumentSource {
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
  const failures: Failure[] = []
  for (const url of authorizationServerMetadataUrls(issuer)) {
    const found = await findAt(url, issuer, context)
    if (found.kind === 'found') return describe(found.document, issuer, context.reach)
    failures.push(found)
  }
  const mismatch = failures.find(({ kind }) => kind === 'mismatch')
  if (!context.isGuess) throw unusableMetadata(issuer, mismatch ?? failures[0])
  return guess(issuer, context, mismatch ?? failures.find(({ kind }) => kind === 'down'))
}

/** Why metadata at one place can not be used. */
interface Failure {
  readonly kind: 'mismatch' | 'missing' | 'down'
  readonly cause: string
}

async function findAt(url: string, issuer: string, context: Context) {
  const found = await fetchDocument(url, context, parseAuthorizationServerDocument)
  if (found.kind !== 'found' || isIssuer(found.document.issuer, issuer)) return found
  const { issuer: other } = found.document
  const cause = `it says that its issuer is ${isPlainUrl(other) ? other : 'another'}`
  return { kind: 'mismatch', cause } as const
}

function unusableMetadata(issuer: string, failure: Failure | undefined): DiscoveryError {
  return new DiscoveryError(
    failure?.kind === 'mismatch' ? 'mismatch' : 'unreachable',
    `The metadata of the provider ${issuer} can not be used: ${failure?.cause ?? 'none found'}`,
  )
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
  failure: Failure | undefined,
): AuthorizationServer {
  if (failure?.kind === 'mismatch') {
    const message = `The metadata at ${origin} can not be used: ${failure.cause}; if that is the provider, set issuer`
    throw new DiscoveryError('mismatch', message)
  }
  // Where they might not be fixed, a code could end up in the wrong hands.
  if (failure !== undefined) throw unusableMetadata(origin, failure)
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
