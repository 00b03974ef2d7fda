import * as v from 'valibot'
import type { HeaderFields } from './exchange.ts'
import { parseForwardedElements } from './forwarded-elements.ts'
import { parseAuthority } from './host.ts'

/** The forwarded headers that a configuration may name. */
export type ForwardedHeader =
  | 'x-forwarded-proto'
  | 'x-forwarded-host'
  | 'x-forwarded-port'
  | 'x-forwarded-prefix'
  | 'forwarded'

const FIELDS = {
  scheme: v.pipe(v.string(), v.toLowerCase(), v.picklist(['http', 'https'])),
  authority: v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const authority = parseAuthority(dataset.value)
      if (authority === undefined) addIssue()
      return authority ?? NEVER
    }),
  ),
  port: v.pipe(v.string(), v.regex(/^[1-9]\d{0,4}$/), v.transform(Number), v.maxValue(65_535)),
  prefix: v.pipe(
    v.string(),
    v.regex(/^\/$|^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+\/?$/),
    v.transform((prefix) => prefix.replace(/\/$/, '')),
  ),
}

const Address = v.partial(v.object(FIELDS))

/** The same of every hop. */
const Addresses = v.object({
  scheme: v.array(FIELDS.scheme),
  authority: v.array(FIELDS.authority),
  port: v.array(FIELDS.port),
  prefix: v.array(FIELDS.prefix),
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
  headers: HeaderFields,
  names: readonly ForwardedHeader[],
  isTrusted: IsTrusted,
): ForwardedAddress | typeof MALFORMED {
  if (names.some((name) => (headers.get(name) ?? '').length > MAX_LENGTH)) return MALFORMED
  if (names.includes('forwarded')) return parseForwarded(headers.get('forwarded'), isTrusted)
  return parseFamily(headers, names, isTrusted)
}

function parseFamily(
  headers: HeaderFields,
  names: readonly ForwardedHeader[],
  isTrusted: IsTrusted,
): ForwardedAddress | typeof MALFORMED {
  const read = (name: ForwardedHeader) => (names.includes(name) ? split(headers.get(name)) : [])
  // An element that is not plain makes its list malformed, whichever one is to be picked.
  const parsed = v.safeParse(Addresses, {
    scheme: read('x-forwarded-proto'),
    authority: read('x-forwarded-host'),
    port: read('x-forwarded-port'),
    prefix: read('x-forwarded-prefix'),
  })
  if (!parsed.success) return MALFORMED
  const { scheme, authority, port, prefix } = parsed.output
  const hops = countTrustedHops(headers.get('x-forwarded-for'), isTrusted)
  return {
    scheme: pick(scheme, hops),
    authority: pick(authority, hops),
    port: pick(port, hops),
    prefix: pick(prefix, hops),
  }
}

function split(list: string | null): string[] {
  return list === null ? [] : list.split(',').map((element) => element.trim())
}

/** How many proxies before the peer are ours: the trusted addresses at the right of the list. */
function countTrustedHops(forwardedFor: string | null, isTrusted: IsTrusted): number {
  const addresses = split(forwardedFor).reverse()
  const stranger = addresses.findIndex((address) => !isTrusted(address))
  return stranger === -1 ? addresses.length : stranger
}

/** The element that the outermost trusted proxy wrote: each proxy appends on the right. */
function pick<Element>(elements: readonly Element[], hops: number): Element | undefined {
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
  const addresses = elements.map((element) =>
    v.safeParse(Address, { scheme: element.get('proto'), authority: element.get('host') }),
  )
  if (addresses.some(({ success }) => !success)) return MALFORMED
  // Each element was written by the proxy that received the request from its `for`.
  const outermost = elements.findLastIndex(
    (element) => !isTrusted(nodeAddress(element.get('for') ?? '')),
  )
  const chosen = addresses[Math.max(0, outermost)]
  return chosen?.success ? chosen.output : MALFORMED
}

/** The address in a node identifier (RFC 7239 §6), without its port, be that obfuscated. */
function nodeAddress(node: string): string {
  return node.replace(/^(?:\[([^\]]*)\]|(\d+(?:\.\d+){3}))(?::(?:\d+|_[\w.-]+))?$/, '$1$2')
}
