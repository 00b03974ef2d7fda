import { authorizationServerMetadataUrls } from '../oauth/well-known.ts'
import {
  type AuthorizationServerDocument,
  parseAuthorizationServerDocument,
} from '../oauth-client/documents.ts'
import { isPlainUrl } from '../oauth-client/reach.ts'
import {
  describeAnswer,
  type Examination,
  type FoundResource,
  failed,
  SDK_REFUSAL,
  unseen,
  well,
} from './examination.ts'
import { explainOrigin } from './mismatch.ts'
import type { Answer } from './probe.ts'
import { settingRemedy } from './remedies.ts'
import type { Cause, Step } from './report.ts'
import { describeMissing } from './resource-metadata.ts'
import { findSdkRefusal, toServerKind } from './sdk-schemas.ts'
import { isAskable, type Target, zoneOf } from './target.ts'

/** An authorization server, and whether its metadata says what a client needs of it. */
export interface FoundServer {
  readonly issuer: string
  readonly document: AuthorizationServerDocument
  /** Whether its endpoints may be asked. */
  readonly isUsable: boolean
  /** Whether there is no metadata, so that the endpoints are where they were before 2025-06-18, if anywhere. */
  readonly isGuessed: boolean
}

/** The metadata of the authorization server that the resource names, or of the origin (RFC 8414 §3, MCP 2025-03-26). */
export async function findServerMetadata(
  resource: FoundResource | undefined,
  examination: Examination,
): Promise<FoundServer | undefined> {
  const { target, record } = examination
  const issuer = resource?.document.authorization_servers?.[0] ?? target.origin
  if (!isPlainUrl(issuer) || !isAskable(issuer, target)) {
    const cause = explainOrigin(issuer, target) ?? { cause: 'not a usable URL', remedy: [] }
    record(failed('issuer', `authorization_servers names ${issuer}`, cause))
    return undefined
  }
  const found = await findDocument(issuer, { ...examination, isNamed: resource !== undefined })
  if (found === undefined) return resource === undefined ? guess(issuer) : undefined
  const { document, refusal } = found
  record(describeIssuer(document, issuer, target))
  record(describePkce(document))
  const endpoints = describeEndpoints(document, issuer, target)
  const isUsable = endpoints.mark === 'well'
  record(isUsable && refusal !== undefined ? failed('endpoints', refusal, SDK_REFUSAL) : endpoints)
  return { issuer, document, isUsable, isGuessed: false }
}

/** Before 2025-06-18 a server without any metadata had its endpoints at fixed places. */
function guess(issuer: string): FoundServer {
  const document = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
  }
  return { issuer, document, isUsable: true, isGuessed: true }
}

interface FoundDocument {
  readonly document: AuthorizationServerDocument
  /** What the official SDKs refuse of it. */
  readonly refusal: string | undefined
}

async function findDocument(
  issuer: string,
  examination: Examination & { readonly isNamed: boolean },
): Promise<FoundDocument | undefined> {
  const { get, record, target, isNamed } = examination
  const urls = authorizationServerMetadataUrls(issuer)
  const answers = await Promise.all(urls.map((url) => get(url)))
  const places = urls.map((url, at) => ({
    url,
    answer: answers[at],
    found: toDocument(url, answers[at]),
  }))
  const [oauth, openId, appended] = places
  const inserted = [oauth, openId].find((one) => one?.found !== undefined)
  if (inserted !== undefined) record(well('server metadata, inserted', inserted.url))
  else if (oauth?.answer !== undefined) {
    const { url, answer } = oauth
    const name = 'server metadata, inserted'
    const isBroken = isNamed || appended?.found !== undefined
    record(
      isBroken
        ? describeMissing(name, { url, answer, target })
        : unseen(
            name,
            `${url}: ${describeAnswer(answer)}; old clients then try ${issuer}/authorize`,
          ),
    )
  }
  if (appended?.found !== undefined) record(well('server metadata, appended', appended.url))
  return inserted?.found ?? appended?.found
}

function toDocument(url: string, answer: Answer | undefined): FoundDocument | undefined {
  const document = toServer(answer)
  if (document === undefined || answer?.kind !== 'answered') return undefined
  return { document, refusal: findSdkRefusal(toServerKind(url), answer.text) }
}

/** The metadata that an answer holds. */
export function toServer(answer: Answer | undefined): AuthorizationServerDocument | undefined {
  if (answer?.kind !== 'answered' || answer.status !== 200 || answer.isCut) return undefined
  return parseAuthorizationServerDocument(answer.text)
}

function describeIssuer(
  { issuer: said }: AuthorizationServerDocument,
  issuer: string,
  target: Target,
): Step {
  if (said === issuer) return well('issuer', `is ${issuer} in both documents`)
  const cause = explainOrigin(said, target) ?? {
    cause:
      'issuers are compared as strings (RFC 8414 §3.3): public_url, forwarded headers or a slash at the end differ',
    remedy: settingRemedy(`public_url: ${target.origin}`),
  }
  return failed('issuer', `its metadata says ${said}, the resource says ${issuer}`, cause)
}

function describePkce({
  code_challenge_methods_supported: methods,
}: AuthorizationServerDocument): Step {
  if (methods?.includes('S256') === true) return well('PKCE', 'S256 is supported')
  const seen = `code_challenge_methods_supported is ${methods?.join(' ') ?? 'missing'}`
  const refusing =
    methods === undefined
      ? 'clients that keep to MCP 2025-11-25 (ChatGPT) refuse a server that does not list S256, others go on'
      : 'clients refuse a server that does not list S256 (MCP 2025-11-25)'
  const cause = `${refusing}: put this proxy in front of it`
  return failed('PKCE', seen, { cause, remedy: [] })
}

const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'] as const

/** Where the user and the codes go: https or this very machine, and nothing that a shell or browser runs (THREATS T55). */
function describeEndpoints(
  document: AuthorizationServerDocument,
  issuer: string,
  target: Target,
): Step {
  if (document.authorization_endpoint === undefined) {
    const cause = { cause: 'without it no user can sign in', remedy: [] }
    return failed('endpoints', 'authorization_endpoint is missing', cause)
  }
  for (const name of ENDPOINTS) {
    const url = document[name]
    const cause = url === undefined ? undefined : causeOfEndpoint(url, issuer, target)
    if (cause !== undefined) return failed('endpoints', `${name} is ${url}, refused`, cause)
  }
  return well('endpoints', `at ${new URL(document.token_endpoint).origin}`)
}

function causeOfEndpoint(url: string, issuer: string, target: Target): Cause | undefined {
  if (!isPlainUrl(url)) return { cause: 'not a URL that a client may open', remedy: [] }
  const { origin, hostname, protocol } = new URL(url)
  if (protocol === 'http:' && hostname !== target.hostname && zoneOf(hostname) === 'public') {
    return { cause: 'http beyond loopback: codes and tokens could be read', remedy: [] }
  }
  if (!isAskable(url, target)) return explainOrigin(url, target)
  // Another provider may have its endpoints where it likes; our own server has them where it is.
  const isOwn = new URL(issuer).origin === target.origin
  if (!isOwn || origin === target.origin || hostname !== target.hostname) return undefined
  return explainOrigin(url, target)
}
