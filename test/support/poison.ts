import { EVIL, type PoisonedRequest } from '../corpus/poisoned.ts'
import { authorizeQuery, LOOPBACK } from './flow.ts'
import { sendHttp2 } from './http2.ts'
import { type RawAnswer, type RawWay, sendRaw } from './raw.ts'

/** Where requests are sent to, and the address that every answer must name. */
export interface Place {
  readonly port: number
  readonly way: RawWay
  /** `scheme://host:port`. */
  readonly base: string
  /** What a front end adds to what its client sent. */
  readonly added?: readonly string[]
  /** Whether a front end may refuse, or put right, what it does not like. */
  readonly isLenient: boolean
}

/** The provider's authorization endpoint in the configuration of these tests. */
export const AUTHORIZE_AT = 'https://id.example.test/authorize'

const METADATA = '/.well-known/oauth-protected-resource/gh/mcp'

/** What names addresses: documents, challenge and redirect. */
const TARGETS = [
  ['GET', '/.well-known/oauth-authorization-server/gh', 200],
  ['POST', '/gh/mcp', 401],
  ['GET', `/gh/authorize?${authorizeQuery()}`, 307],
] as const

/** What is wrong with the answers to a poisoned request, and to a clean one after it. */
export async function findPoison(place: Place, poisoned: PoisonedRequest): Promise<string[]> {
  const { target = 'TARGET', lines, answer } = poisoned
  const targets = target.includes('TARGET') ? TARGETS : TARGETS.slice(1, 2)
  const mistakes: string[] = []
  for (const [method, path, clean] of targets) {
    const asked = await send(place, `${method} ${target.replace('TARGET', path)}`, lines)
    const isRight = isExpected(asked, place, { answer, clean })
    const wrong = isRight ? [] : [describe(asked)]
    mistakes.push(
      ...[...wrong, ...strayIn(asked, place)].map((what) => `${method} ${path}: ${what}`),
    )
  }
  const after = await send(place, `GET ${METADATA}`, ['Host: HOST'])
  const isClean = after.status === 200 && strayIn(after, place).length === 0
  return isClean ? mistakes : [...mistakes, `afterwards: ${describe(after)}`]
}

/** The same for headers of HTTP/2, of which one is the authority and another may claim a host. */
export async function findPoisonOverHttp2(
  place: Place,
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { tls } = place.way
  if (tls === undefined) return ['HTTP/2 needs TLS']
  const { host } = new URL(place.base)
  const ask = (changes: Readonly<Record<string, string>>) =>
    sendHttp2(place.port, { ':path': METADATA, ':authority': host, ...changes }, tls)
  const asked = await ask(headers)
  const after = await ask({})
  const isRight = isRefusal(asked, place) || asked.status === 200
  const isClean = after.status === 200 && strayIn(after, place).length === 0
  return [
    ...(isRight ? [] : [describe(asked)]),
    ...strayIn(asked, place),
    ...(isClean ? [] : [`afterwards: ${describe(after)}`]),
  ]
}

function isExpected(
  asked: RawAnswer,
  place: Place,
  { answer, clean }: Pick<PoisonedRequest, 'answer'> & { readonly clean: number },
): boolean {
  if (answer === 'clean') return asked.status === clean
  return isRefusal(asked, place) || (place.isLenient && asked.status === clean)
}

/** A front end that has no such site may say nothing at all (Caddy: an empty 200). */
function isRefusal({ status, text }: RawAnswer, { isLenient }: Place): boolean {
  if (isLenient && status === 200 && text.endsWith('\r\n\r\n')) return true
  return status === undefined || (status >= 400 && status !== 401)
}

function describe({ text }: RawAnswer): string {
  return text.replaceAll('\r\n', ' | ').slice(0, 300)
}

/** Sends with `Connection: close`, unless the lines have one. */
async function send(place: Place, start: string, lines: readonly string[]): Promise<RawAnswer> {
  const { host, hostname } = new URL(place.base)
  const all = [...lines, ...(place.added ?? [])]
  const closing = all.some((line) => line.startsWith('Connection:')) ? [] : ['Connection: close']
  const body = start.startsWith('POST') ? ['Content-Length: 0'] : []
  const head = [`${start} HTTP/1.1`, ...all, ...body, ...closing, '', ''].join('\r\n')
  const bytes = head.replaceAll('HOST', host).replaceAll('NAME', hostname)
  const closed = { status: undefined, text: '' }
  return sendRaw(place.port, bytes, place.way).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ECONNRESET' || error.code === 'EPIPE' ? closed : Promise.reject(error),
  )
}

/** The addresses in an answer that are not ours, and whatever else makes it dangerous. */
function strayIn({ text, status }: RawAnswer, { base }: Place): string[] {
  const decoded = `${text} ${text.replace(/%[0-9a-f]{2}/gi, (code) => decodeURIComponent(code))}`
  const urls = [...decoded.matchAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>&,;\\)]*/gi)].map(
    ([url]) => url,
  )
  const isOurs = (url: string) =>
    [base, AUTHORIZE_AT, LOOPBACK, DTD].some(
      (own) => url === own || (/^[/?]/.test(url.slice(own.length)) && url.startsWith(own)),
    )
  const strays = urls.filter((url) => !isOurs(url))
  if (decoded.includes(EVIL)) strays.push(`names ${EVIL}: ${text.slice(0, 500)}`)
  if (/^set-cookie:[^\r]*domain=/im.test(text)) strays.push('a cookie for a domain')
  const isCacheable = status !== undefined && !/^cache-control:[^\r]*no-store/im.test(text)
  if (isCacheable && OWN_ANSWER.test(text)) strays.push(`cacheable: ${text.slice(0, 200)}`)
  return strays
}

/** What Apache's own pages name. */
const DTD = 'http://www.w3.org'

/** Only the proxy answers in JSON. */
const OWN_ANSWER = /^content-type: application\/json/im
