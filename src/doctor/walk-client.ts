import { authorizationServerMetadataUrls } from '../oauth/well-known.ts'
import type { AuthorizationServerDocument } from '../oauth-client/documents.ts'
import type { ClientOrder, ResourcePlace, ServerPlace } from './client-orders.ts'
import { describeAnswer, type FoundResource } from './examination.ts'
import { toPrintable } from './printable.ts'
import type { Answer } from './probe.ts'
import type { ClientFinding } from './report.ts'
import { toResource } from './resource-metadata.ts'
import { toServer } from './server-metadata.ts'
import { isAskable, type Target, zoneOf } from './target.ts'

/** What the walk of a client goes over: the same answers for every client. */
export interface Ground {
  readonly target: Target
  /** What a URL answers to this method without a token; each is asked once. */
  readonly ask: (method: 'GET' | 'HEAD' | 'POST', url: string) => Promise<Answer>
  readonly get: (url: string) => Promise<Answer>
  /** Where the challenge sends clients, if it does. */
  readonly challenged: string | undefined
  /** Whether the doctor itself was registered; undefined if it did not try. */
  readonly isRegistered: boolean | undefined
  readonly hasClientId: boolean
}

/** Why and where a client stops. */
interface Stop {
  readonly why: string
  readonly at?: string
}

/** Walks one client's own way up to the authorization endpoint. */
export async function walkClient(order: ClientOrder, ground: Ground): Promise<ClientFinding> {
  const { client, isFormer } = order
  const unreachable = findUnreachable(order, ground.target)
  if (unreachable !== undefined) return unreachable
  const stop = (await stopAtProbe(order, ground)) ?? (await stopAtMetadata(order, ground))
  if (stop === undefined) return { client, isFormer, mark: 'well', why: 'gets through' }
  const { why, at } = stop
  return {
    client,
    isFormer,
    mark: 'failed',
    why: toPrintable(why),
    ...(at === undefined ? {} : { at: toPrintable(at) }),
  }
}

/** What is found of a client that asks from its maker's machines, where the server is not to be reached from there. */
export function findUnreachable(
  { client, isFormer, isRemote }: ClientOrder,
  { zone, host }: Target,
): ClientFinding | undefined {
  if (!isRemote || zone === 'public') return undefined
  const why = `it asks from the internet, where ${host} is not to be reached`
  return { client, isFormer, mark: 'unseen', why }
}

/** Some clients ask by GET or HEAD first, and take any answer but 401 for a server without sign-in. */
async function stopAtProbe(
  { probe }: ClientOrder,
  { target, ask }: Ground,
): Promise<Stop | undefined> {
  if (probe === undefined || probe === 'POST') return undefined
  const answer = await ask(probe, target.url)
  if (answer.kind === 'answered' && answer.status === 401) return undefined
  return { why: `asks by ${probe} first and wants 401: ${describeAnswer(answer)}`, at: target.url }
}

async function stopAtMetadata(order: ClientOrder, ground: Ground): Promise<Stop | undefined> {
  const resource = await findResource(order, ground)
  if (resource !== undefined && 'why' in resource) return resource
  const found = await findServer(order, ground, resource)
  if ('why' in found) return found
  return stopAtServer(order, ground, { ...found, resource })
}

async function findResource(
  order: ClientOrder,
  { target, get, challenged }: Ground,
): Promise<FoundResource | Stop | undefined> {
  for (const place of order.resource) {
    const url = resourceUrl(place, target, challenged)
    if (url === undefined) continue
    if (!isAskable(url, target))
      return { why: 'refuses to go where the challenge sends it', at: url }
    const answer = await get(url)
    const found = toResource(url, answer)
    if (found !== undefined) return checkResource(order, target, found)
    const stop = stopAtAnswer(url, answer)
    if (stop !== undefined) return stop
  }
  return undefined
}

function resourceUrl(place: ResourcePlace, target: Target, challenged: string | undefined) {
  const root = '/.well-known/oauth-protected-resource'
  const { search } = new URL(target.url)
  switch (place) {
    case 'challenge':
      return challenged
    case 'inserted':
      return `${target.origin}${root}${target.path}${search}`
    case 'appended':
      return `${target.origin}${target.path}${root}`
    case 'root':
      return `${target.origin}${root}`
  }
}

/** Clients go on after "not found", and stop at errors and at what is no JSON. */
function stopAtAnswer(url: string, answer: Answer): Stop | undefined {
  if (answer.kind === 'failed') return { why: describeAnswer(answer), at: url }
  const { status } = answer
  if (status === 200) return { why: 'stops at an answer that is not the metadata', at: url }
  if (status >= 500 && status !== 502) return { why: `stops at ${describeAnswer(answer)}`, at: url }
  return undefined
}

function checkResource(
  { resourceCheck }: ClientOrder,
  { url: typed }: Target,
  found: FoundResource,
): FoundResource | Stop {
  const { resource } = found.document
  const at = found.url
  if (resourceCheck === 'exact' && resource !== typed && resource !== new URL(typed).href) {
    return { why: `wants the resource to be exactly the URL, and it is ${resource}`, at }
  }
  if (resourceCheck === 'above' && !isAbove(resource, typed)) {
    return { why: `wants the resource to be the URL or above it, and it is ${resource}`, at }
  }
  return found
}

function isAbove(resource: string, typed: string): boolean {
  if (!URL.canParse(resource)) return false
  const [upper, lower] = [new URL(resource), new URL(typed)]
  const slashed = (path: string) => (path.endsWith('/') ? path : `${path}/`)
  return (
    upper.origin === lower.origin && slashed(lower.pathname).startsWith(slashed(upper.pathname))
  )
}

/** The metadata, and the issuer that it must name; without metadata, the endpoints of old. */
type Server = {
  readonly issuer: string
  readonly url: string
  readonly document: AuthorizationServerDocument | undefined
}

async function findServer(
  order: ClientOrder,
  ground: Ground,
  resource: FoundResource | undefined,
): Promise<Server | Stop> {
  const { target, get } = ground
  const issuer = resource?.document.authorization_servers?.[0] ?? target.origin
  if (!isAskable(issuer, target))
    return { why: `refuses the issuer ${issuer}`, at: resource?.url ?? issuer }
  const urls = order.server.flatMap((place) => serverUrl(place, issuer, target) ?? [])
  for (const url of urls) {
    const answer = await get(url)
    const document = toServer(answer)
    if (document !== undefined) return { issuer, url, document }
    const stop = stopAtAnswer(url, answer)
    if (stop !== undefined) return stop
  }
  const [at = issuer] = authorizationServerMetadataUrls(issuer)
  if (!order.hasFallback) return { why: 'finds no authorization server metadata', at }
  return { issuer, url: target.origin, document: undefined }
}

function serverUrl(place: ServerPlace, issuer: string, { origin, path }: Target) {
  const [oauth, openId, appended] = authorizationServerMetadataUrls(issuer)
  const root = `${origin}/.well-known/oauth-authorization-server`
  switch (place) {
    case 'oauth inserted':
      return oauth
    case 'openid inserted':
      return openId
    case 'openid appended':
      return appended
    case 'oauth at the MCP path':
      return `${root}${path}`
    case 'oauth at the root':
      return root
  }
}

async function stopAtServer(
  order: ClientOrder,
  ground: Ground,
  { issuer, url, document, resource }: Server & { readonly resource: FoundResource | undefined },
): Promise<Stop | undefined> {
  if (document === undefined || order.prefersRoot) return stopAtRoot(ground)
  if (order.checksIssuer && resource !== undefined && document.issuer !== issuer) {
    return { why: `wants the issuer ${issuer}, and the metadata says ${document.issuer}`, at: url }
  }
  if (document.code_challenge_methods_supported?.includes('S256') !== true) {
    return { why: 'wants PKCE with S256 in the metadata', at: url }
  }
  const endpoint = [document.authorization_endpoint ?? '', document.token_endpoint].find(
    (one) => !isUsable(one, ground.target),
  )
  if (endpoint !== undefined) return { why: `refuses the endpoint ${endpoint}`, at: url }
  return stopAtRegistration(order, document, { ...ground, url })
}

function isUsable(url: string, target: Target): boolean {
  if (!isAskable(url, target)) return false
  const { protocol, hostname } = new URL(url)
  return (
    protocol === 'https:' || zoneOf(hostname) === 'loopback' || zoneOf(hostname) === target.zone
  )
}

async function stopAtRoot({ target, ask }: Ground): Promise<Stop | undefined> {
  const at = `${target.origin}/authorize`
  const answer = await ask('GET', at)
  const isThere = answer.kind === 'answered' && answer.status !== 404 && answer.status < 500
  return isThere ? undefined : { why: `goes to the root: ${describeAnswer(answer)}`, at }
}

function stopAtRegistration(
  { registration, takesClientId }: ClientOrder,
  document: AuthorizationServerDocument,
  { hasClientId, isRegistered, url }: Ground & { readonly url: string },
): Stop | undefined {
  if (takesClientId && hasClientId) return undefined
  const takesPublic = document.token_endpoint_auth_methods_supported?.includes('none') === true
  const takesDocument = document.client_id_metadata_document_supported === true && takesPublic
  if (registration.includes('document') && takesDocument) return undefined
  if (document.registration_endpoint === undefined) {
    return { why: 'needs an id that is registered by hand', at: url }
  }
  if (isRegistered !== false) return undefined
  return { why: 'can not register', at: document.registration_endpoint }
}
