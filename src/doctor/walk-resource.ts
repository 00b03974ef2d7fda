import type { ClientOrder, ResourcePlace } from './client-orders.ts'
import { describeAnswer, type FoundResource } from './examination.ts'
import type { Ground, Stop } from './ground.ts'
import type { Answer } from './probe.ts'
import { toResource } from './resource-metadata.ts'
import { isAskable, type Target } from './target.ts'

/** The resource's metadata as a client comes by it, undefined where it goes on without, or why it stops. */
export async function findResource(
  order: ClientOrder,
  { target, get, challenged }: Ground,
): Promise<FoundResource | Stop | undefined> {
  for (const url of resourceUrls(order, target, challenged)) {
    if (!isAskable(url, target))
      return { why: 'refuses to go where the challenge sends it', at: url }
    const answer = await get(url)
    const found = toTaken(order, url, answer)
    if (found !== undefined) return checkResource(order, target, found)
    const end = endAt(order, url, answer)
    if (end !== undefined) return end.stop
  }
  return undefined
}

function toTaken({ isStrict }: ClientOrder, url: string, answer: Answer) {
  const found = toResource(url, answer)
  return isStrict && found?.refusal !== undefined ? undefined : found
}

/** Whether a client looks no further, and whether it stops there. */
function endAt({ atErrors }: ClientOrder, url: string, answer: Answer) {
  const stop = stopAtAnswer(url, answer)
  if (stop === undefined || atErrors === 'next place') return undefined
  return { stop: atErrors === 'ends' ? stop : undefined }
}

function resourceUrls(order: ClientOrder, target: Target, challenged: string | undefined) {
  const isNamed = order.resource.includes('challenge') && challenged !== undefined
  if (isNamed && order.trustsChallenge) return [challenged]
  return order.resource.flatMap((place) => resourceUrl(place, target, challenged) ?? [])
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

/** Whether there is more wrong with an answer than that nothing is found there. */
export function stopAtAnswer(url: string, answer: Answer): Stop | undefined {
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
