import ipaddr from 'ipaddr.js'
import * as v from 'valibot'
import { isWellFormedRedirectUri } from '../oauth/redirect-uri.ts'

const PORT = 'want a port number from 0 to 65535'

/** A schema of maps that takes no lists, which Valibot lets pass as objects. */
export function refuseLists<S extends v.GenericSchema>(schema: S): S {
  const run: S['~run'] = (dataset, config) =>
    schema['~run'](Array.isArray(dataset.value) ? { value: undefined } : dataset, config)
  return { ...schema, '~run': run }
}

/** Any text that is not empty. */
export const Text = v.pipe(
  v.string('want text, in quotes if it looks like something else'),
  v.nonEmpty('want text that is not empty'),
)

const MIN_SECRET = 32 // bytes

/** A secret key: long enough to derive others from. */
export const SecretKey = v.pipe(
  Text,
  v.check(isLongEnough, 'want at least 32 bytes, make one with mcp-oauth-proxy keygen'),
)

/** Whether a secret has at least 32 bytes. */
export function isLongEnough(secret: string): boolean {
  return new TextEncoder().encode(secret).length >= MIN_SECRET
}

/** A port, as a number or, out of an environment variable, as text. */
export const Port = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,5}$/), v.transform(Number))], PORT),
  v.integer(PORT),
  v.minValue(0, PORT),
  v.maxValue(65_535, PORT),
)

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const DURATION = 'want a duration such as 90s, 15m, 12h or 30d'

/** A duration, in seconds. */
export const Duration = v.pipe(
  v.string(DURATION),
  v.regex(/^[1-9]\d{0,6}[smhd]$/, DURATION),
  v.transform((text) => Number(text.slice(0, -1)) * unitOf(text)),
)

function unitOf(text: string): number {
  const [, seconds = 0] = Object.entries(UNITS).find(([unit]) => text.endsWith(unit)) ?? []
  return seconds
}

const HTTP_URL = 'want an http or https URL without user name, password or fragment'
const MAX_URL = 2048 // characters

const COUNT = 'want a whole number from 1 to 100000'

/** How many there may be of something; out of an environment variable it is text. */
export const Count = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,6}$/), v.transform(Number))], COUNT),
  v.integer(COUNT),
  v.minValue(1, COUNT),
  v.maxValue(100_000, COUNT),
)

/** An absolute http(s) URL without credentials or fragment. */
export const HttpUrl = v.pipe(v.string('want an http or https URL'), v.check(isHttpUrl, HTTP_URL))

function isHttpUrl(text: string): boolean {
  if (text.length > MAX_URL) return false
  return /^https?:\/\/[^\s\\/?#@]+(?:[/?][^\s\\#]*)?$/i.test(text) && URL.canParse(text)
}

/** A public base URL in its one spelling: no trailing slash, no query, a path that routes let through. */
export const PublicUrl = v.pipe(
  HttpUrl,
  v.check((text) => !text.includes('?'), 'want a URL without query'),
  v.transform((text) => new URL(text).href.replace(/\/+$/, '')),
  v.check(
    (text) => !/[;%\\]|\/\//.test(text.replace(/^https?:\/\//, '')),
    'want a plain path, without //, ; or %',
  ),
)

/** A list of texts. */
export const Texts = v.array(Text, 'want a list of texts')

const PROXY_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
])

/** Networks by CIDR, address or name, as CIDRs. */
export const Networks = v.pipe(
  v.array(
    v.pipe(
      v.string('want a network'),
      v.check(
        (text) => PROXY_NAMES.has(text) || toCidr(text) !== undefined,
        'want a network such as 10.0.0.0/8, or loopback, link-local or private',
      ),
    ),
    'want a list of networks',
  ),
  v.transform((list) => list.flatMap((text) => PROXY_NAMES.get(text) ?? toCidr(text) ?? [])),
)

/** Only four decimal parts: what else is an IPv4 address differs between parsers (THREATS F15). */
function toCidr(text: string): string | undefined {
  const [, address, bits] = /^([0-9A-Fa-f:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const width = address === undefined ? undefined : widthOf(address)
  if (width === undefined) return undefined
  const size = Number(bits ?? width)
  return size <= width ? `${address}/${size}` : undefined
}

/** The bits of an address. IPv4 inside IPv6 is none: peers are compared as the IPv4 that they are. */
function widthOf(address: string): number | undefined {
  if (!address.includes(':')) {
    const isPlain = !/(?:^|\.)0\d/.test(address)
    return isPlain && ipaddr.IPv4.isValidFourPartDecimal(address) ? 32 : undefined
  }
  if (address.includes('.') || !ipaddr.IPv6.isValid(address)) return undefined
  return ipaddr.IPv6.parse(address).isIPv4MappedAddress() ? undefined : 128
}

const HOST = 'want a host name such as mcp.example.com, without scheme or path'
const PORTLESS = 'want a host name such as mcp.example.com, without scheme, port or path'

const HOST_AND_PORT = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(?::[1-9]\d{0,4})?$/

/** A host, or host:port, in lower case; a default port is left out, as browsers do. */
export const Host = v.pipe(
  v.string(HOST),
  v.regex(HOST_AND_PORT, HOST),
  v.transform((text) => text.toLowerCase().replace(/:(?:80|443)$/, '')),
  v.check(isAuthority, HOST),
)

/** A host in lower case, whatever the port. */
export const Hostname = v.pipe(
  v.string(PORTLESS),
  v.regex(HOST_AND_PORT, PORTLESS),
  v.transform((text) => text.toLowerCase()),
  v.check(isHost, PORTLESS),
)

function isAuthority(text: string): boolean {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(text.slice(0, MAX_URL)) ?? []
  const isIpv6 = text.startsWith('[') && text.endsWith(']')
  return isIpv6 ? isHost(text) : isHost(host) && Number(port ?? 1) <= 65_535
}

/** Whether a host is spelled as requests name it: 127.1 or [0::1] would never be met. */
function isHost(host: string): boolean {
  if (host.length > 255 || host.includes('..') || !URL.canParse(`http://${host}`)) return false
  return new URL(`http://${host}`).hostname === host
}

const REDIRECT_URI =
  'want an absolute redirect URI in its plain spelling, with at most one *, for the port or the last path segment'

/** A redirect URI, or a pattern of them. */
export const RedirectUriPattern = v.pipe(
  v.string(REDIRECT_URI),
  v.check(isRedirectUriPattern, REDIRECT_URI),
)

const ANY_PORT = /^https?:\/\/[^/*?]+:\*(?:\/[^*]*)?$/
// The last segment of a path only: https://* would let every host have the codes.
const ANY_SEGMENT = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/*?]+|(?!\/\/))\/(?:[^*?]*\/)?\*$/

function isRedirectUriPattern(pattern: string): boolean {
  if (pattern.length > MAX_URL) return false
  if (!pattern.includes('*')) return isWellFormedRedirectUri(pattern)
  if (ANY_PORT.test(pattern)) return isWellFormedRedirectUri(pattern.replace('*', '1'))
  return ANY_SEGMENT.test(pattern) && isWellFormedRedirectUri(pattern.replace('*', 'x'))
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const FRAMING = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'te',
  'trailer',
]

const UNUSABLE_HEADER = 'want the name of a header that does not frame the message'

/** Headers by name. */
export const Headers = v.pipe(
  refuseLists(
    v.record(
      v.pipe(v.string(), v.check(isHeaderName, UNUSABLE_HEADER)),
      v.pipe(v.string('want text'), v.regex(/^[\t\x20-\x7E]*$/, 'want printable text on one line')),
      'want headers by name',
    ),
  ),
  v.check((headers) => {
    const names = Object.keys(headers).map((name) => name.toLowerCase())
    return new Set(names).size === names.length
  }, 'want each header once, in whatever case'),
  v.transform((headers) => Object.entries(headers)),
)

/** Names of headers, in lower case. */
export const HeaderNames = v.array(
  v.pipe(
    v.string('want the name of a header'),
    v.check(isHeaderName, UNUSABLE_HEADER),
    v.transform((name) => name.toLowerCase()),
  ),
  'want a list of header names',
)

function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name) && !FRAMING.includes(name.toLowerCase())
}

/** Parameters by name, values as text. */
export const StringRecord = refuseLists(
  v.record(
    v.string(),
    v.pipe(
      v.union([v.string(), v.number(), v.boolean()], 'want text'),
      v.transform((value) => String(value)),
    ),
    'want parameters by name',
  ),
)
