import { isPlainUrl } from '../oauth-client/reach.ts'
import { toPrintable } from './printable.ts'
import { forwardedRemedy, portRemedy, prefixRemedy, settingRemedy } from './remedies.ts'
import type { Cause } from './report.ts'
import { isUnspecified, type Target, zoneOf } from './target.ts'

/** Why a URL that the server names is not at the address that was typed, or undefined if it is. */
export function explainOrigin(named: string, target: Target): Cause | undefined {
  if (!isPlainUrl(named)) {
    return {
      cause: 'not a URL that a client may open: want https, and plain characters',
      remedy: [],
    }
  }
  const { origin, hostname, protocol } = new URL(named)
  if (origin === target.origin) return undefined
  const remedy = forwardedRemedy(target)
  if (isUnspecified(hostname)) {
    return {
      cause: `it names the address that it listens on, ${origin}, which nobody can reach`,
      remedy,
    }
  }
  if (hostname === target.hostname) return explainSameHost(protocol, target)
  if (target.zone !== zoneOf(hostname) && zoneOf(hostname) !== 'public') {
    return {
      cause: `it names an address inside, ${origin}: the front end does not tell the public one (Host, X-Forwarded-Host), or its forwarded headers are not trusted`,
      remedy,
    }
  }
  return {
    cause: `it names another host, ${toPrintable(origin)}: the front end or public_url says so`,
    remedy,
  }
}

function explainSameHost(protocol: string, target: Target): Cause {
  const isHttps = target.url.startsWith('https:')
  if (isHttps && protocol === 'http:') {
    return {
      cause:
        'http for https: the front end does not send X-Forwarded-Proto, or the peer that sends it is not trusted',
      remedy: forwardedRemedy(target),
    }
  }
  if (!isHttps && protocol === 'https:') {
    const cause = 'https for http: public_url or the front end says so'
    return { cause, remedy: forwardedRemedy(target) }
  }
  const cause =
    'another port: the front end tells none (X-Forwarded-Host, X-Forwarded-Port), or its own where ports are mapped'
  return { cause, remedy: portRemedy(target) }
}

/** Why a resource identifier is not the URL that was typed (RFC 9728 §3.3), or undefined if it is. */
export function explainResource(resource: string, target: Target): Cause | undefined {
  // Whoever types the origin alone may be told its href, with a slash, as VS Code wants it.
  if (resource === target.url || resource === new URL(target.url).href) return undefined
  const inOrigin = explainOrigin(resource, target)
  if (inOrigin !== undefined) return inOrigin
  const named = new URL(resource).pathname.replace(/\/$/, '')
  if (named === target.path) {
    return {
      cause:
        'only a trailing slash, a query or a spelling differs: exact clients (VS Code) refuse it',
      remedy: [{ place: 'shell', lines: [`# give clients ${resource}`] }],
    }
  }
  const prefix = prefixBefore(named, target)
  if (prefix !== undefined) return strippedPrefix(prefix, target)
  return {
    cause: 'it describes another resource of this host',
    remedy: settingRemedy(`public_url: ${target.origin}`),
  }
}

/** What the typed path has before the named one. */
export function prefixBefore(named: string, { path }: Target): string | undefined {
  if (named === '' || named === path || !path.endsWith(named)) return undefined
  return path.slice(0, path.length - named.length)
}

/** A front end that takes a prefix away and does not say so. */
export function strippedPrefix(prefix: string, target: Target): Cause {
  return {
    cause: `prefix stripped: the front end takes ${prefix} away, and the server is not told (X-Forwarded-Prefix)`,
    remedy: prefixRemedy(target, prefix),
  }
}
