import type { ClientOrder } from './client-orders.ts'
import { describeAnswer, type FoundResource } from './examination.ts'
import type { Ground, OwnWay, Stop } from './ground.ts'
import { toPrintable } from './printable.ts'
import type { Answer } from './probe.ts'
import type { ClientFinding } from './report.ts'
import { isAskable, type Target, zoneOf } from './target.ts'
import { findResource } from './walk-resource.ts'
import { findServer, type WalkedServer } from './walk-server.ts'

/** Walks one client's own way, as far as the doctor went itself. */
export async function walkClient(order: ClientOrder, ground: Ground): Promise<ClientFinding> {
  const { client, isFormer } = order
  const unreachable = findUnreachable(order, ground.target)
  if (unreachable !== undefined) return unreachable
  const stop = (await stopAtProbe(order, ground)) ?? (await stopBehindProbe(order, ground))
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

async function stopBehindProbe(order: ClientOrder, ground: Ground): Promise<Stop | undefined> {
  const resource = await findResource(order, ground)
  if (resource !== undefined && 'why' in resource) return resource
  const server = await findServer(order, ground, resource)
  if ('why' in server) return server
  const way = toWay(order, ground, { server, resource })
  return (
    stopAtMetadata(order, ground.target, { server, resource }) ??
    (await stopAtRegistration(order, ground, way)) ??
    (await stopAtAuthorization(ground, way)) ??
    stopAtSignIn(ground, way)
  )
}

interface Found {
  readonly server: WalkedServer
  readonly resource: FoundResource | undefined
}

/** The endpoints that a client goes to, and what it names there. */
interface Way {
  readonly metadataUrl: string
  readonly registrationUrl: string | undefined
  readonly authorizationUrl: string
  readonly tokenUrl: string
  readonly resource: string | undefined
  /** Whether nothing but habit says that there are endpoints. */
  readonly isGuess: boolean
  readonly takesDocument: boolean
}

function toWay({ prefersRoot }: ClientOrder, { target }: Ground, { server, resource }: Found): Way {
  const { document } = server
  const isGuess = document === undefined || prefersRoot
  const root = prefersRoot ? target.origin : server.url
  const methods = document?.token_endpoint_auth_methods_supported
  return {
    metadataUrl: server.url,
    registrationUrl: isGuess ? `${root}/register` : document.registration_endpoint,
    authorizationUrl: isGuess ? `${root}/authorize` : (document.authorization_endpoint ?? ''),
    tokenUrl: isGuess ? `${root}/token` : document.token_endpoint,
    resource: resource?.document.resource,
    isGuess,
    takesDocument:
      !isGuess &&
      document.client_id_metadata_document_supported === true &&
      methods?.includes('none') === true,
  }
}

function stopAtMetadata(
  { prefersRoot, checksIssuer, wantsPkceListed }: ClientOrder,
  target: Target,
  { server: { issuer, url: at, document }, resource }: Found,
): Stop | undefined {
  if (document === undefined || prefersRoot) return undefined
  if (checksIssuer && resource !== undefined && document.issuer !== issuer) {
    return { why: `wants the issuer ${issuer}, and the metadata says ${document.issuer}`, at }
  }
  const methods = document.code_challenge_methods_supported ?? (wantsPkceListed ? [] : ['S256'])
  if (!methods.includes('S256')) return { why: 'wants PKCE with S256 in the metadata', at }
  const { authorization_endpoint: authorizationUrl = '', token_endpoint: tokenUrl } = document
  const endpoint = [authorizationUrl, tokenUrl].find((one) => !isUsable(one, target))
  return endpoint === undefined ? undefined : { why: `refuses the endpoint ${endpoint}`, at }
}

function isUsable(url: string, target: Target): boolean {
  if (!isAskable(url, target)) return false
  const { protocol, hostname } = new URL(url)
  return (
    protocol === 'https:' || zoneOf(hostname) === 'loopback' || zoneOf(hostname) === target.zone
  )
}

async function stopAtRegistration(
  order: ClientOrder,
  { hasClientId, own, target, tryRegistration }: Ground,
  { metadataUrl, registrationUrl: at, takesDocument, isGuess }: Way,
): Promise<Stop | undefined> {
  if (order.takesClientId && hasClientId) return undefined
  if (order.registration.includes('document') && takesDocument) return undefined
  if (at === undefined) return { why: 'needs an id that is registered by hand', at: metadataUrl }
  const isOwn = at === own.server?.document.registration_endpoint && own.server.isUsable
  if (isOwn) return stopAtOwnRegistration(order, own, at)
  if (!isAskable(at, target)) return { why: `refuses the endpoint ${at}` }
  const answer = await tryRegistration(at)
  if (isThere(answer, true)) return undefined
  const what = isGuess ? 'goes to the root' : 'can not register'
  return { why: `${what}: ${describeAnswer(answer)}`, at }
}

function stopAtOwnRegistration(
  { isStrict }: ClientOrder,
  { client }: OwnWay,
  at: string,
): Stop | undefined {
  if (client === undefined) return { why: 'can not register', at }
  if (!isStrict || client.refusal === undefined) return undefined
  return { why: `refuses the answer to its registration: ${client.refusal}`, at }
}

/** Whether an endpoint answers. What asks everybody for a sign-in of its own is a front end, and none. */
function isThere(answer: Answer, isStrict: boolean): boolean {
  if (answer.kind === 'failed') return false
  const { status } = answer
  return status < 500 && status !== 404 && !(isStrict && REFUSALS.has(status))
}

const REFUSALS: ReadonlySet<number> = new Set([401, 403, 405])

/** Where the doctor asked the same it knows the answer; where a client names no resource, or goes elsewhere, it asks. */
async function stopAtAuthorization(
  { own, get, target }: Ground,
  { authorizationUrl: at, resource, isGuess }: Way,
): Promise<Stop | undefined> {
  const isOwn = at === own.server?.document.authorization_endpoint && resource === own.resource
  if (isOwn && own.client !== undefined) return undefined
  if (!isAskable(at, target)) return { why: `refuses the endpoint ${at}` }
  const answer = await get(toRequest(at, resource))
  if (isThere(answer, isGuess)) return undefined
  const what = isGuess ? 'goes to the root' : 'is not let in to authorize'
  const how = resource === undefined ? ', without resource' : ''
  return { why: `${what}${how}: ${describeAnswer(answer)}`, at }
}

/** The request of a client that nobody knows: an endpoint refuses it, and what is no endpoint does not find it. */
function toRequest(authorizationUrl: string, resource: string | undefined): string {
  const url = new URL(authorizationUrl)
  const parameters = {
    response_type: 'code',
    client_id: 'mcp-oauth-proxy-doctor',
    redirect_uri: 'http://127.0.0.1:33418/callback',
    state: 'doctor',
    // RFC 7636, appendix B.
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...(resource === undefined ? {} : { resource }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** What failed for the doctor fails for whoever goes the same way; the handshake, for all. */
function stopAtSignIn(
  { own, target }: Ground,
  { authorizationUrl, tokenUrl }: Way,
): Stop | undefined {
  const document = own.server?.document
  switch (own.stopped) {
    case 'authorize':
      if (authorizationUrl !== document?.authorization_endpoint) return undefined
      return { why: 'gets as far as authorize, which failed', at: authorizationUrl }
    case 'token':
      if (tokenUrl !== document?.token_endpoint) return undefined
      return { why: 'gets as far as token, which failed', at: tokenUrl }
    case undefined:
      return undefined
    default:
      return { why: `gets as far as ${own.stopped}, which failed`, at: target.url }
  }
}
