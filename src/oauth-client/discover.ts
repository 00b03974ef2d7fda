import type { FetchGuarded, GuardedAnswer } from '../http/guarded-fetch.ts'
import { isPublicAddress } from '../http/public-address.ts'
import { parseBearerChallenge } from '../oauth/challenge.ts'
import { canonicalizeResource, isSameResource } from '../oauth/resource.ts'
import { parseScope } from '../oauth/scope.ts'
import { protectedResourceMetadataUrls } from '../oauth/well-known.ts'
import { type ProtectedResourceDocument, parseProtectedResourceDocument } from './documents.ts'
import { type DocumentSource, fetchDocument, isTemporary } from './fetch-document.ts'
import {
  type AuthorizationServer,
  DiscoveryError,
  findAuthorizationServer,
} from './find-authorization-server.ts'
import type { Reach } from './reach.ts'

const TIMEOUT = 10_000 // milliseconds for one answer
const BUDGET = 20_000 // milliseconds after which nothing more is asked
const MAX_ISSUERS = 3

/** What a provider is found from: its MCP server's URL, or its own issuer. */
export interface DiscoverySource {
  readonly resourceUrl?: string
  /** The issuer that the operator pinned. */
  readonly issuer?: string
}

/** What was found out about the provider of an MCP server. */
export interface Discovered {
  readonly authorizationServer: AuthorizationServer
  readonly reach: Reach
  /** RFC 8707, as the resource itself names it. */
  readonly resource?: string
  /** The scopes that the resource asks for: of its challenge, else of its metadata. */
  readonly scopes: readonly string[]
  /** All scopes that resource and provider name. */
  readonly knownScopes: readonly string[]
}

/** What the MCP server says of itself. */
interface ResourceFindings {
  readonly reach: Reach
  readonly status: number | undefined
  readonly challengeScope: readonly string[]
  readonly document: ProtectedResourceDocument | undefined
}

/**
 * Walks from an MCP server's URL to its authorization server: probe, challenge, protected resource
 * metadata (RFC 9728 §5), authorization server metadata (RFC 8414 §3), in the order of the MCP
 * authorization specification. Throws a DiscoveryError that says what to do.
 */
export async function discover(
  source: DiscoverySource,
  unbounded: FetchGuarded,
): Promise<Discovered> {
  const fetchGuarded = withinBudget(unbounded)
  const findings = await askResource(source, fetchGuarded)
  const { reach, document } = findings
  const authorizationServer = await findFirst(issuersOf(source, findings), {
    reach,
    fetchGuarded,
    isGuess: source.issuer === undefined && document === undefined,
    isProtected: findings.status === 401,
  })
  const resourceScopes = document?.scopes_supported ?? []
  const { challengeScope } = findings
  return {
    authorizationServer,
    reach,
    scopes: challengeScope.length > 0 ? challengeScope : resourceScopes,
    knownScopes: [...challengeScope, ...resourceScopes, ...authorizationServer.scopes],
    ...(document === undefined ? {} : { resource: document.resource }),
  }
}

/** Many slow answers are as bad as one that never comes. */
function withinBudget(fetchGuarded: FetchGuarded): FetchGuarded {
  const budget = AbortSignal.timeout(BUDGET)
  return async (request, limits) =>
    budget.aborted
      ? { kind: 'failed', cause: `no answer within ${BUDGET / 1000} s` }
      : fetchGuarded(request, limits)
}

/** The issuers to try: the pinned one, those that the resource names, or as in 2025-03-26 its own origin. */
function issuersOf({ issuer, resourceUrl }: DiscoverySource, { document }: ResourceFindings) {
  if (issuer !== undefined) return [issuer]
  const named = document?.authorization_servers ?? []
  if (named.length > 0) return named.slice(0, MAX_ISSUERS)
  return resourceUrl === undefined ? [] : [new URL(resourceUrl).origin]
}

async function findFirst(
  issuers: readonly string[],
  context: Parameters<typeof findAuthorizationServer>[1],
): Promise<AuthorizationServer> {
  const failures: DiscoveryError[] = []
  for (const issuer of issuers) {
    try {
      return await findAuthorizationServer(issuer, context)
    } catch (error) {
      if (!(error instanceof DiscoveryError)) throw error
      failures.push(error)
    }
  }
  throw failures[0] ?? new DiscoveryError('unusable', 'No issuer is known: set issuer')
}

async function askResource(
  { resourceUrl, issuer }: DiscoverySource,
  fetchGuarded: FetchGuarded,
): Promise<ResourceFindings> {
  const written = [resourceUrl, issuer].flatMap((url) => (url === undefined ? [] : [url]))
  const named = new Set(written.map((url) => new URL(url).origin))
  if (resourceUrl === undefined) {
    const reach = { named, isPrivate: false }
    return { reach, status: undefined, challengeScope: [], document: undefined }
  }
  const probe = await sendProbe(resourceUrl, fetchGuarded)
  if (probe.kind === 'failed') {
    if (issuer === undefined) {
      throw new DiscoveryError('unreachable', `The MCP server can not be reached: ${probe.cause}`)
    }
    const reach = { named, isPrivate: false }
    return { reach, status: undefined, challengeScope: [], document: undefined }
  }
  const reach = { named, isPrivate: !isPublicAddress(probe.address) }
  const challenge = parseBearerChallenge(probe.headers.get('www-authenticate') ?? '')
  const urls = metadataUrls(resourceUrl, challenge?.get('resource_metadata'))
  const status = isTemporary(probe.status) ? `status ${probe.status}` : undefined
  const document = await findDocument(urls, { resourceUrl, reach, fetchGuarded, issuer, status })
  const challengeScope = parseScope(challenge?.get('scope'))
  return { reach, status: probe.status, challengeScope, document }
}

/**
 * A request as every client's first one is, which a protected server answers with its challenge; and
 * one for the tools, where a server lets anybody begin a session.
 */
async function sendProbe(url: string, fetchGuarded: FetchGuarded): Promise<GuardedAnswer> {
  const first = await send(url, INITIALIZE, fetchGuarded)
  if (first.kind === 'failed' || first.status >= 300) return first
  const second = await send(url, LIST_TOOLS, fetchGuarded)
  const isChallenge = second.kind === 'answered' && second.headers.has('www-authenticate')
  return isChallenge ? second : first
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'mcp-oauth-proxy', version: '1' },
  },
}
const LIST_TOOLS = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

function send(url: string, message: object, fetchGuarded: FetchGuarded): Promise<GuardedAnswer> {
  return fetchGuarded(
    {
      url,
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify(message),
    },
    { isAllowed: () => true, maxBytes: 0, timeout: TIMEOUT },
  )
}

function metadataUrls(resourceUrl: string, named: string | undefined): readonly string[] {
  const wellKnown = protectedResourceMetadataUrls(resourceUrl)
  return [...new Set(named === undefined ? wellKnown : [named, ...wellKnown])]
}

interface Finding extends DocumentSource {
  readonly resourceUrl: string
  readonly issuer: string | undefined
  /** What is wrong with the MCP server, which may have more to say when it is well. */
  readonly status: string | undefined
}

/** The first document that there is. */
async function findDocument(urls: readonly string[], finding: Finding) {
  let trouble = finding.status
  for (const url of urls) {
    const found = await fetchDocument(url, finding, parseProtectedResourceDocument)
    if (found.kind === 'found') return checkDocument(found.document, url, finding)
    if (found.kind === 'down') trouble ??= found.cause
  }
  // To guess now could lead to another provider than the one it names when it is well.
  if (trouble !== undefined && finding.issuer === undefined) {
    const what = 'The metadata of the MCP server can not be had'
    throw new DiscoveryError('unreachable', `${what}: ${trouble}; if it stays so, set issuer`)
  }
  return undefined
}

/** A document for another resource ends the search (RFC 9728 §3.3). */
function checkDocument(
  document: ProtectedResourceDocument,
  at: string,
  { resourceUrl, issuer }: Finding,
): ProtectedResourceDocument | undefined {
  if (isFor(document, at, resourceUrl)) return document
  // With a pinned issuer nothing of the document is needed.
  if (issuer !== undefined) return undefined
  throw new DiscoveryError(
    'mismatch',
    'The metadata of the MCP server is for another resource: correct url, or set issuer',
  )
}

/**
 * Whether a document speaks for this MCP server: it names just that URL; or it lies where the
 * resource that it names has its own metadata, and that resource contains the server (a whole
 * origin, mostly). A document elsewhere may not claim more than its server (RFC 9728 §3.3).
 */
function isFor({ resource }: ProtectedResourceDocument, at: string, resourceUrl: string): boolean {
  if (isSameResource(resource, resourceUrl)) return true
  const whole = canonicalizeResource(resource)
  const part = canonicalizeResource(resourceUrl)
  if (whole === undefined || !(part ?? '').startsWith(`${whole}/`)) return false
  return protectedResourceMetadataUrls(whole)[0] === at
}
