import { formatOrigin, parseAuthority } from './host.ts'

/** The request line and hosts as they came over the wire, before any URL parsing. */
export interface RawHead {
  readonly scheme: 'http' | 'https'
  readonly method: string
  readonly target: string
  /** Every header line, names as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** The gate's answer: the origin-form target and the host, or the status to refuse it with. */
export type Passage =
  | { readonly kind: 'passed'; readonly target: string; readonly host: string }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 405; readonly message: string }

/**
 * Decides on the raw head whether a request has one meaning only (RFC 9112 §3.2), so that every
 * runtime routes it alike: one strict Host, an origin-form target, a path without tricks.
 */
export function passGate(head: RawHead): Passage {
  const [host = '', ...others] = valuesOf(head, 'host')
  const authority = parseAuthority(host)
  if (authority === undefined || others.length > 0) {
    return refuse(400, 'Bad Host header: want exactly one plain host[:port]')
  }
  if (!METHODS.has(head.method)) return refuse(405, 'Method not allowed')
  if (!isFramedPlainly(head))
    return refuse(400, 'Bad framing or more than one Authorization header')
  const origin = formatOrigin(head.scheme, authority)
  const target = toOriginForm(head.target, origin)
  if (target === undefined) return refuse(400, 'Bad request target: want a path on this host')
  const [path = ''] = target.split('?', 1)
  if (!isPlainPath(path)) return refuse(404, 'Not found')
  return { kind: 'passed', target, host }
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

function valuesOf({ headers }: RawHead, name: string): string[] {
  return headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)
}

/** What two hops could frame or read differently is refused (RFC 9112 §6.3, THREATS T72). */
function isFramedPlainly(head: RawHead): boolean {
  const encodings = valuesOf(head, 'transfer-encoding')
  const lengths = valuesOf(head, 'content-length')
  if (valuesOf(head, 'authorization').length > 1) return false
  if (encodings.some((encoding) => encoding.toLowerCase() !== 'chunked')) return false
  return encodings.length + lengths.length <= 1
}

function refuse(status: 400 | 404 | 405, message: string): Passage {
  return { kind: 'refused', status, message }
}

/** The target as a path and query; an absolute one only if it names the same authority. */
function toOriginForm(target: string, origin: string): string | undefined {
  if (!/^[\x21-\x7E]*$/.test(target) || target.includes('#')) return undefined
  if (target.startsWith('/')) return target
  const absolute = /^(https?):\/\/([^/?]*)(\/[^?]*)?(\?.*)?$/i.exec(target)
  const authority = parseAuthority(absolute?.[2] ?? '')
  if (absolute === null || authority === undefined) return undefined
  const scheme = absolute[1]?.toLowerCase() === 'https' ? 'https' : 'http'
  if (formatOrigin(scheme, authority) !== origin) return undefined
  return `${absolute[3] ?? '/'}${absolute[4] ?? ''}`
}

/** No encoded character of any kind is needed in our paths, and each has fooled some router. */
function isPlainPath(path: string): boolean {
  return /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@.-]*)+$/.test(path) && !/\/\/|\/\.{1,2}(?:\/|$)/.test(path)
}
