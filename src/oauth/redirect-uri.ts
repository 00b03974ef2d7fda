import { BUILT_IN_CALLBACKS } from './client-callbacks.ts'

const MAX_LENGTH = 2048 // characters
const FORBIDDEN_TEXT = /[^\x21-\x7E]|[\\<>"{}^`@#]|%(?:2e|2f|5c|00|0a|0d)/i
const FORBIDDEN_SCHEMES =
  /^(?:javascript|data|vbscript|file|blob|about|intent|ms-[a-z-]*|view-source|filesystem):/i
const RESPONSE_PARAMETERS: readonly string[] = [
  'code',
  'state',
  'iss',
  'error',
  'error_description',
]

/** Whether a string can be a redirect URI at all: one plain spelling, no tricks (RFC 9700 §2.1). */
export function isWellFormedRedirectUri(uri: string): boolean {
  if (uri.length > MAX_LENGTH || FORBIDDEN_TEXT.test(uri) || FORBIDDEN_SCHEMES.test(uri))
    return false
  if (!URL.canParse(uri)) return false
  const url = new URL(uri)
  // What parses to something else than it says could mean something else to the browser.
  const withoutPath = /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
  if (url.href !== uri && !(withoutPath && url.href === `${uri}/`)) return false
  return !RESPONSE_PARAMETERS.some((name) => url.searchParams.has(name))
}

/** Whether a redirect URI goes to this very machine: http on a loopback host (RFC 8252 §7.3). */
export function isLoopbackRedirectUri(uri: string): boolean {
  return LOOPBACK.test(uri)
}

const LOOPBACK = /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?(?:\/[^?]*)?$/i

/** Whether two redirect URIs are the same, but for the port of a loopback one (RFC 8252 §7.3). */
export function isSameRedirectUri(registered: string, requested: string): boolean {
  if (!isWellFormedRedirectUri(requested)) return false
  if (registered === requested) return true
  // Claude Code registers a portless localhost, then sends a port.
  const isLoopback = LOOPBACK.test(registered) && LOOPBACK.test(requested)
  return isLoopback && withoutPort(registered) === withoutPort(requested)
}

function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^/:]*)):\d+/, '$1')
}

/** Whether a stranger may register it: https, loopback, or a scheme of the app's own (RFC 8252 §7). */
export function isRegistrableRedirectUri(uri: string): boolean {
  if (!isWellFormedRedirectUri(uri)) return false
  if (/^https:/i.test(uri) || LOOPBACK.test(uri)) return true
  return OWN_SCHEME.test(uri) && !OTHERS_SCHEMES.test(uri)
}

/** `com.example.app:/cb` or `cursor://cb`. */
const OWN_SCHEME = /^(?:[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:|[a-z][a-z0-9+-]{2,}:\/\/)/i
/** Schemes that mean something to browsers, networks and desktops already. */
const OTHERS_SCHEMES =
  /^(?:https?|ftps?|sftp|ssh|telnet|wss?|gopher|ldaps?|smb|nfs|dav|git|svn|irc|mailto|sms|tel|callto|facetime|market|steam|search|search-ms|shell|chrome|chrome-extension|edge|opera|brave|firefox|moz-extension|resource|jar|res|mk|hcp|help|calculator|ms[a-z-]*|x-apple[a-z.-]*|itms[a-z-]*):/i

/** Whether the policy knows a redirect URI: loopback, a well-known client's, or a configured one. */
export function isKnownRedirectUri(uri: string, allowed: readonly string[]): boolean {
  if (!isWellFormedRedirectUri(uri)) return false
  if (isLoopbackRedirectUri(uri)) return true
  return [...BUILT_IN_CALLBACKS.map(({ redirectUri }) => redirectUri), ...allowed].some((pattern) =>
    matchesPattern(pattern, uri),
  )
}

/** Whether a URI fits a configured one, where one `*` stands for a port or a last path segment. */
export function matchesPattern(pattern: string, uri: string): boolean {
  if (!isWellFormedRedirectUri(uri)) return false
  const star = pattern.indexOf('*')
  if (star === -1) return pattern === uri
  const head = pattern.slice(0, star)
  const tail = pattern.slice(star + 1)
  if (uri.length <= head.length + tail.length) return false
  if (!uri.startsWith(head) || !uri.endsWith(tail)) return false
  const filled = uri.slice(head.length, uri.length - tail.length)
  return (head.endsWith('/') ? /^[A-Za-z0-9._~-]+$/ : /^[1-9]\d{0,4}$/).test(filled)
}
