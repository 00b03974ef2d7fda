import { LRUCache } from 'lru-cache'
import { type Authority, formatOrigin, parseAuthority } from './host.ts'

/** The request line and hosts as they came over the wire, before any URL parsing. */
export interface RawHead {
  readonly scheme: 'http' | 'https'
  readonly method: string
  readonly target: string
  /** Every header line, names as they came: name, value, name, value. */
  readonly headers: readonly string[]
}

/** The gate's answer: the origin-form target and the host, or the status to refuse it with. */
export type Passage =
  | { readonly kind: 'passed'; readonly target: string; readonly host: string }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 405; readonly message: string }

/** Decides on a raw head. */
export type PassGate = (head: RawHead) => Passage

const REMEMBERED_HOSTS = 1_000

/**
 * A gate that decides on the raw head whether a request has one meaning only (RFC 9112 §3.2), so that
 * every runtime routes it alike: one strict Host, an origin-form target, a path without tricks.
 */
export function createGate(): PassGate {
  const authorityOf = createAuthorityParser()
  return (head) => {
    const framing = findFraming(head)
    const authority = authorityOf(framing.host)
    if (authority === undefined || framing.hosts > 1) {
      return refuse(400, 'Bad Host header: want exactly one plain host[:port]')
    }
    if (!METHODS.has(head.method)) return refuse(405, 'Method not allowed')
    if (!framing.isPlain) return refuse(400, 'Bad framing or more than one Authorization header')
    return passTarget(head, authority, framing.host)
  }
}

function passTarget(head: RawHead, authority: Authority, host: string): Passage {
  const target = toOriginForm(head, authority)
  if (target === undefined) return refuse(400, 'Bad request target: want a path on this host')
  const query = target.indexOf('?')
  if (!isPlainPath(query === -1 ? target : target.slice(0, query))) return refuse(404, 'Not found')
  return { kind: 'passed', target, host }
}

/** Clients name few hosts, each again and again; those that are not plain are not worth remembering. */
function createAuthorityParser(): (host: string) => Authority | undefined {
  const known = new LRUCache<string, Authority>({ max: REMEMBERED_HOSTS })
  return (host) => {
    const found = known.get(host)
    if (found !== undefined) return found
    const parsed = parseAuthority(host)
    if (parsed !== undefined) known.set(host, parsed)
    return parsed
  }
}

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'DELETE',
  'OPTIONS',
  'PUT',
  'PATCH',
])

/** What the header lines say of host and framing. */
interface Framing {
  readonly host: string
  readonly hosts: number
  /** False for what two hops could frame or read differently (RFC 9112 §6.3, THREATS T72). */
  readonly isPlain: boolean
}

function findFraming({ headers }: RawHead): Framing {
  let host = ''
  let isChunkedOnly = true
  const count = { host: 0, authorization: 0, 'content-length': 0, 'transfer-encoding': 0 }
  for (let at = 0; at < headers.length; at += 2) {
    const name = asFramingName(headers[at] ?? '')
    if (name === undefined) continue
    const value = headers[at + 1] ?? ''
    count[name] += 1
    if (name === 'host') host = value
    if (name === 'transfer-encoding') isChunkedOnly &&= value.toLowerCase() === 'chunked'
  }
  const framings = count['content-length'] + count['transfer-encoding']
  const isPlain = isChunkedOnly && framings <= 1 && count.authorization <= 1
  return { host, hosts: count.host, isPlain }
}

/** Most lines are told apart by their length alone. */
function asFramingName(name: string) {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'host' ? 'host' : undefined
    case 13:
      return name.toLowerCase() === 'authorization' ? 'authorization' : undefined
    case 14:
      return name.toLowerCase() === 'content-length' ? 'content-length' : undefined
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? 'transfer-encoding' : undefined
    default:
      return undefined
  }
}

function refuse(status: 400 | 404 | 405, message: string): Passage {
  return { kind: 'refused', status, message }
}

/** The target as a path and query; an absolute one only if it names the same authority. */
function toOriginForm({ target, scheme: own }: RawHead, host: Authority): string | undefined {
  if (!/^[\x21-\x7E]*$/.test(target) || target.includes('#')) return undefined
  if (target.startsWith('/')) return target
  const absolute = /^(https?):\/\/([^/?]*)(\/[^?]*)?(\?.*)?$/i.exec(target)
  const authority = parseAuthority(absolute?.[2] ?? '')
  if (absolute === null || authority === undefined) return undefined
  const scheme = absolute[1]?.toLowerCase() === 'https' ? 'https' : 'http'
  if (formatOrigin(scheme, authority) !== formatOrigin(own, host)) return undefined
  return `${absolute[3] ?? '/'}${absolute[4] ?? ''}`
}

/** No encoded character of any kind is needed in our paths, and each has fooled some router. */
function isPlainPath(path: string): boolean {
  return /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@.-]*)+$/.test(path) && !/\/\/|\/\.{1,2}(?:\/|$)/.test(path)
}
