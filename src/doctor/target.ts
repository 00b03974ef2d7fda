import { isIpLiteral, isPublicAddress } from '../http/public-address.ts'
import { isPlainUrl } from '../oauth-client/reach.ts'
import { isLoopbackHostname } from '../request/host.ts'

/** Where a host is: on this machine, in a network of our own, or on the internet as far as its name tells. */
export type Zone = 'loopback' | 'private' | 'public'

/** The MCP URL to examine, as it was typed and in its parts. */
export interface Target {
  readonly url: string
  readonly origin: string
  readonly hostname: string
  /** `host[:port]`. */
  readonly host: string
  /** Without a trailing slash; `` at the root. */
  readonly path: string
  readonly zone: Zone
}

/** The target that a URL names, or why a client could not use it. */
export function parseTarget(
  text: string,
):
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'unusable'; readonly why: string } {
  if (!isPlainUrl(text)) {
    const hasScheme = /^https?:\/\//i.test(text)
    const why = 'want an http(s) URL without credentials, fragment or quotes'
    return { kind: 'unusable', why: hasScheme ? why : 'missing https:// at its beginning' }
  }
  const { protocol, origin, hostname, host, pathname } = new URL(text)
  const zone = zoneOf(hostname)
  if (protocol === 'http:' && zone === 'public') {
    return { kind: 'unusable', why: 'clients use http on loopback only: want https' }
  }
  const path = pathname.replace(/\/$/, '')
  return { kind: 'target', target: { url: text, origin, hostname, host, path, zone } }
}

/** The zone of a host, by its name or address alone. */
export function zoneOf(hostname: string): Zone {
  if (isLoopbackHostname(hostname) || hostname.endsWith('.localhost')) return 'loopback'
  if (isUnspecified(hostname)) return 'private'
  if (isIpLiteral(hostname)) {
    return isPublicAddress(hostname.replace(/^\[|\]$/g, '')) ? 'public' : 'private'
  }
  const isSingleLabel = !hostname.includes('.')
  return isSingleLabel || INSIDE.test(hostname) ? 'private' : 'public'
}

/** Whether a host is the "any" address, which a listener has and nobody can connect to. */
export function isUnspecified(hostname: string): boolean {
  return hostname === '0.0.0.0' || hostname === '[::]'
}

/** Names that no public DNS has (RFC 6762, RFC 8375, RFC 9476 and habit). */
const INSIDE = /\.(?:local|lan|internal|intranet|corp|home|home\.arpa|cluster\.local|svc|test)$/i

/** Whether the doctor may ask a URL that a server named: https, or http no further out than the target. */
export function isAskable(url: string, { zone, origin }: Target): boolean {
  if (!isPlainUrl(url)) return false
  const named = new URL(url)
  if (named.origin === origin) return true
  if (isUnspecified(named.hostname)) return false
  const there = zoneOf(named.hostname)
  // A stranger on the internet does not send us into our own network.
  if (zone === 'public') return there === 'public' && named.protocol === 'https:'
  return named.protocol === 'https:' || there === 'loopback' || there === zone
}
