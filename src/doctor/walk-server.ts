import { authorizationServerMetadataUrls } from '../oauth/well-known.ts'
import type { AuthorizationServerDocument } from '../oauth-client/documents.ts'
import type { ClientOrder, ServerPlace } from './client-orders.ts'
import type { FoundResource } from './examination.ts'
import type { Ground, Stop } from './ground.ts'
import type { Answer, Answered } from './probe.ts'
import { findSdkRefusal, toServerKind } from './sdk-schemas.ts'
import { toServer } from './server-metadata.ts'
import { isAskable, type Target } from './target.ts'
import { stopAtAnswer } from './walk-resource.ts'

/** The issuer, where its metadata is, and what it says; without metadata, where the endpoints of old are. */
export interface WalkedServer {
  readonly issuer: string
  readonly url: string
  readonly document: AuthorizationServerDocument | undefined
}

/** The authorization server as a client comes by it, or why it stops. */
export async function findServer(
  order: ClientOrder,
  ground: Ground,
  resource: FoundResource | undefined,
): Promise<WalkedServer | Stop> {
  const { target, get } = ground
  const issuer = resource?.document.authorization_servers?.[0] ?? target.origin
  if (!isAskable(issuer, target))
    return { why: `refuses the issuer ${issuer}`, at: resource?.url ?? issuer }
  const urls = order.server.flatMap((place) => serverUrl(place, issuer, target) ?? [])
  for (const url of urls) {
    const met = meet(order, { issuer, url, answer: await get(url) })
    if (met !== undefined) return met
  }
  const [at = issuer] = authorizationServerMetadataUrls(issuer)
  if (!order.hasFallback) return { why: 'finds no authorization server metadata', at }
  return { issuer, url: new URL(issuer).origin, document: undefined }
}

/** What a client makes of what it finds at one place, or undefined if it goes on to the next. */
function meet(
  { isStrict, atErrors }: ClientOrder,
  {
    issuer,
    url,
    answer,
  }: { readonly issuer: string; readonly url: string; readonly answer: Answer },
): WalkedServer | Stop | undefined {
  const refusal =
    isStrict && isJson(answer) ? findSdkRefusal(toServerKind(url), answer.text) : undefined
  if (refusal !== undefined) return { why: `refuses the metadata: ${refusal}`, at: url }
  const document = toServer(answer)
  if (document !== undefined) return { issuer, url, document }
  return atErrors === 'next place' ? undefined : stopAtAnswer(url, answer)
}

function isJson(answer: Answer): answer is Answered {
  return answer.kind === 'answered' && answer.status === 200 && /^\s*\{/.test(answer.text)
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
