import * as v from 'valibot'
import { parseForwardedElements } from './forwarded-elements.ts'
import { parseAuthority } from './host.ts'

/** The forwarded headers that a configuration may name. */
export type ForwardedHeader =
  | 'x-forwarded-proto'
  | 'x-forwarded-host'
  | 'x-forwarded-port'
  | 'x-forwarded-prefix'
  | 'forwarded'

const Address = v.object({
  scheme: v.optional(v.pipe(v.string(), v.toLowerCase(), v.picklist(['http', 'https']))),
  authority: v.optional(
    v.pipe(
      v.string(),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        const authority = parseAuthority(dataset.value)
        if (authority === undefined) addIssue()
        return authority ?? NEVER
      }),
    ),
  ),
  port: v.optional(
    v.pipe(v.string(), v.regex(/^[1-9]\d{0,4}$/), v.transform(Number), v.maxValue(65_535)),
  ),
  prefix: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\/$|^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+\/?$/),
      v.transform((prefix) => prefix.replace(/\/$/, '')),
    ),
  ),
})

/** What the proxies in front say of the request's public address; what they left out is absent. */
export type ForwardedAddress = v.InferOutput<typeof Address>

/** The hop walk's question: is this address one of the proxies in front? */
export type IsTrusted = (address: string) => boolean

/** Marks a set of forwarded headers of which nothing may be used. */
export const MALFORMED = Symbol('malformed')

const MAX_LENGTH = 4096 // characters

/** Reads the headers that `names` lists, or MALFORMED if any is not plain; never half of them. */
export function parseForwardedHeaders(
  headers: Headers,
  names: readonly ForwardedHeader[],
  isTrusted: IsTrusted,
): ForwardedAddress | typeof MALFORMED {
  if (names.some((name) => (headers.get(name) ?? '').length > MAX_LENGTH)) return MALFORMED
  if (names.includes('forwarded')) return parseForwarded(headers.get('forwarded'), isTrusted)
  return parseFamily(headers, names, isTrusted)
}

function parseFamily(
  headers: Headers,
  names: readonly ForwardedHeader[],
  isTrusted: IsTrusted,
): ForwardedAddress | typeof MALFORMED {
  const hops = countTrustedHops(headers.get('x-forwarded-for'), isTrusted)
  const read = (name: ForwardedHeader) =>
    names.includes(name) ? pick(headers.get(name), hops) : undefined
  return parseAddress({
    scheme: read('x-forwarded-proto'),
    authority: read('x-forwarded-host'),
    port: read('x-forwarded-port'),
    prefix: read('x-forwarded-prefix'),
  })
}

function parseAddress(texts: v.InferInput<typeof Address>): ForwardedAddress | typeof MALFORMED {
  const parsed = v.safeParse(Address, texts)
  return parsed.success ? parsed.output : MALFORMED
}

/** How many proxies before the peer are ours: the trusted addresses at the right of the list. */
function countTrustedHops(forwardedFor: string | null, isTrusted: IsTrusted): number {
  const addresses = (forwardedFor ?? '')
    .split(',')
    .map((address) => address.trim())
    .reverse()
  const stranger = addresses.findIndex((address) => !isTrusted(address))
  return stranger === -1 ? addresses.length : stranger
}

/** The element that the outermost trusted proxy wrote: each proxy appends on the right. */
function pick(list: string | null, hops: number): string | undefined {
  if (list === null) return undefined
  const elements = list.split(',').map((element) => element.trim())
  // An empty element anywhere makes the list malformed, whichever one was to be picked.
  if (elements.includes('')) return ''
  return elements[Math.max(0, elements.length - 1 - hops)]
}

/** Parses `Forwarded` (RFC 7239 §4), walked from the right past trusted hops. */
function parseForwarded(
  header: string | null,
  isTrusted: IsTrusted,
): ForwardedAddress | typeof MALFORMED {
  if (header === null) return {}
  const elements = parseForwardedElements(header)
  if (elements === undefined) return MALFORMED
  const fromTheRight = elements.toReversed()
  // Each element was written by the proxy that received the request from its `for`.
  const outermost = fromTheRight.find(
    (element) => !isTrusted(nodeAddress(element.get('for') ?? '')),
  )
  const chosen = outermost ?? elements[0]
  return parseAddress({ scheme: chosen?.get('proto'), authority: chosen?.get('host') })
}

/** The address in a node identifier (RFC 7239 §6), without its port. */
function nodeAddress(node: string): string {
  return node.replace(/^\[([^\]]*)\](?::\d+)?$/, '$1').replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1')
}
