import { LRUCache } from 'lru-cache'
import type { Config } from '../config/config.ts'
import type { RequestHead } from './exchange.ts'
import { type ForwardedAddress, MALFORMED, parseForwardedHeaders } from './forwarded.ts'
import { type Authority, formatOrigin, isLoopbackHostname, parseAuthority } from './host.ts'
import { createTrustedPeers, networkOf } from './trusted-peers.ts'

/** What the platform knows of a request's connection. */
export interface Connection {
  /** The address of the socket's other end. */
  readonly peer: string
  /** The `Host` header, already checked to be one plain host[:port]. */
  readonly host: string
  /** The query of the request target, byte for byte, where the platform shows it. */
  readonly search?: string
}

/** B: where the outside reaches this proxy, for this request. */
export interface PublicBase {
  /** `scheme://host[:port]`, lower case. */
  readonly origin: string
  /** The path prefix, `` or `/llm`; never a trailing slash. */
  readonly prefix: string
  /** Without port, to tell servers by host. */
  readonly hostname: string
  /** Whether it was taken from the request's headers, so that no cache may keep what names it. */
  readonly isDerived: boolean
}

/** B, or undefined for a host that is not ours to answer for (421). */
export type ResolvePublicBase = (
  request: RequestHead,
  connection: Connection,
) => PublicBase | undefined

/** Tells the operator which setting a request ran into. */
export type Hint = (message: string, detail: Readonly<Record<string, string>>) => void

/** Tells it once for each network that a peer belongs to. */
type HintOnce = (message: string, detail: Detail) => void
type Detail = Readonly<Record<string, string>> & { readonly peer: string }

type Settings = Pick<
  Config,
  | 'publicUrl'
  | 'rootPath'
  | 'trustedProxies'
  | 'forwardedHeaders'
  | 'allowedHosts'
  | 'listen'
  | 'servers'
>

const REMEMBERED_HINTS = 1_000
const MAX_SUBJECTS = 8 // hosts or headers that one network is told of
const FORWARDED_HEADERS = [
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
] as const

/** The one function that decides the public base URL of a request. */
export function createPublicBaseResolver(settings: Settings, hint: Hint): ResolvePublicBase {
  const fixed = settings.publicUrl === undefined ? undefined : toBase(new URL(settings.publicUrl))
  const hintOnce = createHintOnce(hint)
  const readForwarded = createForwardedReader(settings, hintOnce)
  const isAllowed = createHostPolicy(settings, fixed)
  const claimed = new Set(settings.servers.flatMap(({ host }) => host ?? []))

  return remember((request, connection) => {
    const own = new URL(request.url)
    const forwarded = readForwarded(request, connection.peer)
    const base = combine(own, forwarded, settings.rootPath)
    if (!isAllowed(base, connection.host)) {
      hintOnce('Refused host: add it to allowed_hosts if it is yours', {
        peer: connection.peer,
        host: base.hostname,
      })
      return undefined
    }
    if (fixed === undefined) return base
    // A server's own host is another base than the public one, but reached in the same way.
    return claimed.has(base.hostname) ? { ...base, origin: withSchemeOf(fixed, base) } : fixed
  })
}

const REMEMBERED_BASES = 1_000
const LONGEST_KEY = 1_024 // characters

/** One client, or one front end, says the same again and again: what it came to is not worked out anew. */
function remember(resolve: ResolvePublicBase): ResolvePublicBase {
  const known = new LRUCache<string, { readonly base: PublicBase | undefined }>({
    max: REMEMBERED_BASES,
  })
  return (request, connection) => {
    const key = keyOf(request, connection)
    if (key.length > LONGEST_KEY) return resolve(request, connection)
    const found = known.get(key)
    if (found !== undefined) return found.base
    const base = resolve(request, connection)
    known.set(key, { base })
    return base
  }
}

/** All that a base depends on; values of headers have no line breaks, and none is a tab alone. */
function keyOf({ headers, url }: RequestHead, { peer, host }: Connection): string {
  const origin = url.slice(0, url.indexOf('/', url.indexOf('//') + 2))
  let key = `${origin}\n${host}\n${peer}`
  if (!FORWARDED_HEADERS.some((name) => headers.has(name))) return key
  for (const name of [...FORWARDED_HEADERS, 'x-forwarded-for']) {
    key += `\n${headers.get(name) ?? '\t'}`
  }
  return key
}

function withSchemeOf(fixed: PublicBase, base: PublicBase): string {
  const url = new URL(fixed.origin)
  url.hostname = base.hostname
  return url.origin
}

function toBase(url: URL): PublicBase {
  return {
    origin: url.origin,
    prefix: url.pathname.replace(/\/$/, ''),
    hostname: url.hostname,
    isDerived: false,
  }
}

/** Bounded in networks, and in what each is told of: strangers choose hosts, headers and networks (THREATS F16). */
function createHintOnce(hint: Hint): HintOnce {
  const told = new LRUCache<string, Set<string>>({ max: REMEMBERED_HINTS })
  return (message, detail) => {
    const key = `${networkOf(detail.peer)} ${message}`
    const subject = detail['host'] ?? detail['headers'] ?? ''
    const subjects = told.get(key) ?? new Set()
    // Behind one front end are many: the first stranger's host must not hide the operator's own.
    if (subjects.has(subject) || subjects.size >= MAX_SUBJECTS) return
    told.set(key, subjects.add(subject))
    hint(message, detail)
  }
}

type ReadForwarded = (request: RequestHead, peer: string) => ForwardedAddress

/** What the trusted peer says; a set with anything malformed in it says nothing. */
function createForwardedReader(settings: Settings, hintOnce: HintOnce): ReadForwarded {
  if (settings.publicUrl !== undefined && settings.allowedHosts.length === 0) return () => ({})
  const isTrusted = createTrustedPeers(settings.trustedProxies)
  const unread = FORWARDED_HEADERS.filter((name) => !settings.forwardedHeaders.includes(name))

  return ({ headers }, peer) => {
    if (!FORWARDED_HEADERS.some((name) => headers.has(name))) return {}
    if (!isTrusted(peer)) {
      hintOnce('Ignored forwarded headers: add the peer to trusted_proxies if it is your proxy', {
        peer,
      })
      return {}
    }
    const ignored = unread.filter((name) => headers.has(name))
    // Most proxies hand on what clients send, so this may be an attack and not the proxy's word.
    if (ignored.length > 0) hintOnce(UNREAD, { peer, headers: ignored.join(', ') })
    const parsed = parseForwardedHeaders(headers, settings.forwardedHeaders, isTrusted)
    if (parsed !== MALFORMED) return parsed
    hintOnce('Ignored forwarded headers: one of those in forwarded_headers is malformed', { peer })
    return {}
  }
}

const UNREAD =
  'Ignored a forwarded header: if your proxy sets it itself, add it to forwarded_headers; otherwise have the proxy remove it'

function combine(own: URL, forwarded: ForwardedAddress, rootPath: string | undefined): PublicBase {
  const scheme = forwarded.scheme ?? (own.protocol === 'https:' ? 'https' : 'http')
  const authority = withPort(forwarded, own)
  return {
    origin: formatOrigin(scheme, authority),
    prefix: forwarded.prefix ?? rootPath ?? '',
    hostname: authority.hostname,
    isDerived: true,
  }
}

/** A port in the host wins; a forwarded port only says where the forwarded host listens. */
function withPort({ authority, port }: ForwardedAddress, own: URL): Authority {
  if (authority === undefined) return parseAuthority(own.host) ?? { hostname: own.hostname }
  if (authority.port !== undefined || port === undefined) return authority
  return { hostname: authority.hostname, port }
}

type HostPolicy = (base: PublicBase, hostHeader: string) => boolean

function createHostPolicy(settings: Settings, fixed: PublicBase | undefined): HostPolicy {
  if (settings.allowedHosts.length > 0) {
    const own = fixed === undefined ? [] : [fixed.hostname]
    const allowed = new Set([...settings.allowedHosts, ...own])
    return ({ hostname, origin }) =>
      allowed.has(hostname) || allowed.has(withPortOf(hostname, origin))
  }
  const isListeningOnLoopback = isLoopbackHostname(bracket(settings.listen.host))
  if (fixed !== undefined || !isListeningOnLoopback) return () => true
  // Against DNS rebinding: the browser names the attacker's host, a local client or proxy ours.
  return (_base, hostHeader) => isLoopbackHostname(parseAuthority(hostHeader)?.hostname ?? '')
}

/** An entry with a port stands for that port alone, the scheme's own included. */
function withPortOf(hostname: string, origin: string): string {
  const { port, protocol } = new URL(origin)
  const own = protocol === 'https:' ? '443' : '80'
  return `${hostname}:${port === '' ? own : port}`
}

function bracket(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
