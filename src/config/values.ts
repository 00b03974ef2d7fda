import ipaddr from 'ipaddr.js'
import * as v from 'valibot'

const PORT = 'want a port number from 0 to 65535'

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

/** An absolute http(s) URL without credentials or fragment. */
export const HttpUrl = v.pipe(
  v.string('want an http or https URL'),
  v.check(isHttpUrl, 'want an http or https URL without user name, password or fragment'),
)

function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.username === '' && url.password === '' && !text.includes('#')
}

/** A public base URL in its one spelling: no trailing slash, no query. */
export const PublicUrl = v.pipe(
  HttpUrl,
  v.check((text) => !text.includes('?'), 'want a URL without query'),
  v.transform((text) => new URL(text).href.replace(/\/+$/, '')),
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
  const [address = '', bits, ...rest] = text.split('/')
  if (rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined
  const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address) && !/(^|\.)0\d/.test(address)
  if (!isV4 && !ipaddr.IPv6.isValid(address)) return undefined
  const width = isV4 ? 32 : 128
  return Number(bits ?? width) <= width ? `${address}/${bits ?? width}` : undefined
}

const HOST = 'want a host name such as mcp.example.com, without scheme or path'

/** A host, or host:port, in lower case. */
export const Host = v.pipe(
  v.string(HOST),
  v.regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[1-9]\d{0,4})?$/, HOST),
  v.transform((text) => text.toLowerCase()),
)

const REDIRECT_URI =
  'want an absolute redirect URI, with at most one *, for the port or the last path segment'

/** A redirect URI, or a pattern of them. */
export const RedirectUriPattern = v.pipe(
  v.string(REDIRECT_URI),
  v.check(isRedirectUriPattern, REDIRECT_URI),
)

function isRedirectUriPattern(pattern: string): boolean {
  if (/^(?:javascript|data|file|vbscript|blob):/i.test(pattern)) return false
  if (!/^[\x21-\x7E]+$/.test(pattern) || /[#\\<>"{}^`@]/.test(pattern)) return false
  const stars = pattern.split('*').length - 1
  if (stars > 1) return false
  if (stars === 1 && !/^(?:https?:\/\/[^/*]+:\*(?:\/[^*]*)?|[^*?]+\/\*)$/.test(pattern))
    return false
  return URL.canParse(pattern.replace(/:\*/, ':1').replace('*', 'x'))
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

/** Headers by name. */
export const Headers = v.pipe(
  v.record(
    v.string(),
    v.pipe(v.string('want text'), v.regex(/^[\t\x20-\x7E]*$/, 'want printable text on one line')),
    'want headers by name',
  ),
  v.check(
    (headers) => Object.keys(headers).every(isHeaderName),
    'want names of headers that do not frame the message',
  ),
  v.transform((headers) => Object.entries(headers)),
)

/** Names of headers, in lower case. */
export const HeaderNames = v.array(
  v.pipe(
    v.string('want the name of a header'),
    v.check(isHeaderName, 'want the name of a header that does not frame the message'),
    v.transform((name) => name.toLowerCase()),
  ),
  'want a list of header names',
)

function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name) && !FRAMING.includes(name.toLowerCase())
}

/** Parameters by name, values as text. */
export const StringRecord = v.record(
  v.string(),
  v.pipe(
    v.union([v.string(), v.number(), v.boolean()], 'want text'),
    v.transform((value) => String(value)),
  ),
  'want parameters by name',
)
