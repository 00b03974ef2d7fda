import type { Failure } from './failure.ts'
import type { Answered } from './probe.ts'
import {
  certificateRemedy,
  hostRemedy,
  prefixOf,
  prefixRemedy,
  routeRemedy,
  tlsRemedy,
  UPSTREAM_REMEDY,
} from './remedies.ts'
import type { Cause } from './report.ts'
import type { Target } from './target.ts'

/** What a failed connection means. */
export function causeOfFailure(failure: Failure, target: Target): Cause {
  const { hostname, host } = target
  switch (failure) {
    case 'dns':
      return { cause: `the name ${hostname} has no address: a typing error, or DNS`, remedy: [] }
    case 'refused':
      return { cause: `nobody listens on ${host}`, remedy: UPSTREAM_REMEDY }
    case 'timeout':
      return {
        cause: 'a firewall drops the packets, or the front end waits for what is behind it',
        remedy: UPSTREAM_REMEDY,
      }
    case 'reset':
      return {
        cause: 'the connection broke off: http where https is spoken, or a program that fell over',
        remedy: [],
      }
    case 'tls-untrusted':
      return {
        cause:
          'the certificate signs itself, or its chain is incomplete, or your own authority is unknown here (NODE_EXTRA_CA_CERTS names it, or DENO_CERT under Deno)',
        remedy: certificateRemedy(target),
      }
    case 'tls-expired':
      return { cause: 'the certificate has expired', remedy: certificateRemedy(target) }
    case 'tls-name':
      return {
        cause: `the certificate is for other names than ${hostname}`,
        remedy: certificateRemedy(target),
      }
    case 'tls':
      return { cause: 'TLS fails: https where http is spoken?', remedy: tlsRemedy(target) }
    case 'unreachable':
      return { cause: 'the host can not be reached', remedy: [] }
  }
}

/** In a few words, for what was seen. */
export const FAILURES: Readonly<Record<Failure, string>> = {
  dns: 'no address for the name',
  refused: 'connection refused',
  timeout: 'no answer in time',
  reset: 'connection broken off',
  'tls-untrusted': 'certificate not trusted',
  'tls-expired': 'certificate expired',
  'tls-name': 'certificate for another name',
  tls: 'TLS failed',
  unreachable: 'not reachable',
}

/** What an answer to the first MCP request means that is neither MCP nor a challenge. */
export function causeOfStatus(answer: Answered, target: Target): Cause {
  const { status, headers } = answer
  if (status >= 300 && status < 400) return causeOfRedirect(headers.get('location'), target)
  if (isHostRefusal(answer)) {
    return {
      cause: `the server does not answer for the host ${target.hostname}`,
      remedy: hostRemedy(target),
    }
  }
  if (status >= 500) return causeOfServerError(status)
  if (status === 404) return causeOf404(answer, target)
  if (status === 403)
    return { cause: 'the server, or a firewall before it, refuses us', remedy: [] }
  return causeOfOther(answer, target)
}

function causeOf404(answer: Answered, target: Target): Cause {
  if (isHtml(answer.headers)) {
    return {
      cause: 'missing route: the front end has no such path, or strips or adds a prefix',
      remedy: routeRemedy(target),
    }
  }
  const prefix = isOurs404(answer) ? prefixOf(target) : ''
  if (prefix === '') return causeOfOther(answer, target)
  return {
    cause: `prefix kept: our proxy answers, and is not told that ${prefix} is a prefix of the front end's (X-Forwarded-Prefix)`,
    remedy: prefixRemedy(target, prefix),
  }
}

/** What this proxy itself says where it has no such server. */
function isOurs404({ text }: Answered): boolean {
  return /"detail":"(?:MCP server not found|Not found)"/.test(text)
}

function causeOfOther({ headers, text }: Answered, target: Target): Cause {
  const isPage = isHtml(headers) || /^\s*</.test(text)
  const cause = isPage
    ? 'a web page is here, and no MCP server: another path?'
    : 'no MCP server answers at this path'
  return { cause, remedy: routeRemedy(target) }
}

function causeOfServerError(status: number): Cause {
  switch (status) {
    case 502:
    case 503:
      return { cause: 'the front end finds nobody behind it', remedy: UPSTREAM_REMEDY }
    case 504:
      return {
        cause: 'the front end waits in vain for what is behind it',
        remedy: UPSTREAM_REMEDY,
      }
    default:
      return { cause: 'the server failed: its log says why', remedy: [] }
  }
}

/** 421 (RFC 9110 §15.5.20), or what the official SDKs answer against DNS rebinding. */
function isHostRefusal({ status, text }: Answered): boolean {
  return (
    status === 421 || ((status === 403 || status === 400) && /invalid host|bad host/i.test(text))
  )
}

/** Whether an answer calls itself a web page. */
export function isHtml(headers: Headers): boolean {
  return /\bhtml\b/i.test(headers.get('content-type') ?? '')
}

function causeOfRedirect(location: string | null, { url }: Target): Cause {
  const remedy = [
    { place: 'shell' as const, lines: ['# give clients the address that it leads to'] },
  ]
  if (location === null || !URL.canParse(location, url)) {
    return { cause: 'a redirect to nowhere', remedy: [] }
  }
  const [from, to] = [new URL(url), new URL(location, url)]
  if (from.protocol === 'http:' && to.protocol === 'https:') {
    const cause = 'http is redirected to https, and a redirected POST loses its body'
    return { cause, remedy }
  }
  if (from.origin === to.origin && `${from.pathname}/` === to.pathname) {
    const cause = 'a slash is added by redirect, and a redirected POST loses its body'
    return { cause, remedy }
  }
  const cause =
    'clients do not follow a redirect with their message and token: a sign-in page before the server?'
  return { cause, remedy }
}
