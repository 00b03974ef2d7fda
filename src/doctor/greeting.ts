import { createModernRequest, findResult, INITIALIZE, MODERN } from '../mcp-messages.ts'
import { parseBearerChallenge } from '../oauth/challenge.ts'
import { protectedResourceMetadataUrls } from '../oauth/well-known.ts'
import { causeOfFailure, causeOfStatus } from './causes.ts'
import { describeAnswer, type Examination, failed, unseen, well } from './examination.ts'
import { explainOrigin, prefixBefore, strippedPrefix } from './mismatch.ts'
import type { Answer, Answered, Question, Watch } from './probe.ts'
import type { Step } from './report.ts'

/** What stands at the URL. */
export type Greeting =
  /** No MCP server that a client could talk to. */
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly transport: Transport }
  | { readonly kind: 'protected'; readonly resourceMetadata: string | undefined }

/** The transport that it speaks: POST with or without a handshake, or that of 2024-11-05. */
export type Transport = 'streamable' | 'modern' | 'legacy'

/** The first request of a client, without a token. */
export async function greet(examination: Examination): Promise<Greeting> {
  const { target, probe, record } = examination
  const posted = await probe(initializeQuestion(target.url))
  if (posted.kind === 'failed') {
    record(failed('connect', describeAnswer(posted), causeOfFailure(posted.failure, target)))
    return { kind: 'none' }
  }
  if (posted.status === 401) return challenged(posted, examination)
  if (posted.status < 300 && findResult(posted.text) !== undefined) {
    record(well('connect', `POST initialize: ${posted.status}, MCP, without sign-in`))
    return { kind: 'open', transport: 'streamable' }
  }
  return MAYBE_OTHER.has(posted.status)
    ? tryOthers(posted, examination)
    : giveUp(posted, examination)
}

/** What a server of another age answers to `initialize` (MCP 2026-07-28 and 2025-03-26, backward compatibility). */
const MAYBE_OTHER: ReadonlySet<number> = new Set([400, 404, 405, 406, 415])

/** `initialize`, answered by JSON or by a stream. */
export function initializeQuestion(url: string, headers: Question['headers'] = {}): Question {
  return { ...messageQuestion(url, INITIALIZE), headers: { ...POST_HEADERS, ...headers } }
}

const POST_HEADERS = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
}

/** A message to the MCP endpoint, read up to its first answer. */
export function messageQuestion(url: string, message: object): Question {
  const body = JSON.stringify(message)
  return { url, method: 'POST', headers: POST_HEADERS, body, watch: watchLines(isResult) }
}

const isResult = (line: string) => line.startsWith('data:') && findResult(line) !== undefined
const isBlank = (line: string) => line === '' || line === '\r'

/** Watches for a line; a body without lines is read to its end. */
function watchLines(isIt: (line: string) => boolean): Watch {
  return () => {
    let begun: string[] = []
    return (part) => {
      const [first = '', ...rest] = part.split('\n')
      begun.push(first)
      const last = rest.pop()
      if (last === undefined) return false
      const lines = [begun.join(''), ...rest]
      begun = [last]
      return lines.some(isIt)
    }
  }
}

/** A GET for a stream of events, read up to the end of its first event. */
export function eventStreamQuestion(url: string, headers: Question['headers'] = {}): Question {
  return {
    url,
    headers: { ...headers, accept: 'text/event-stream' },
    watch: watchLines(isBlank),
    timeout: 5_000,
  }
}

/** `server/discover` of the newest revision. */
export function discoverQuestion(url: string, headers: Question['headers'] = {}): Question {
  const question = messageQuestion(url, createModernRequest('server/discover'))
  const modern = { 'mcp-protocol-version': MODERN, 'mcp-method': 'server/discover' }
  return { ...question, headers: { ...POST_HEADERS, ...modern, ...headers } }
}

async function tryOthers(posted: Answered, examination: Examination): Promise<Greeting> {
  const { target, probe, record } = examination
  if (/"jsonrpc"/.test(posted.text)) {
    const discovered = await probe(discoverQuestion(target.url))
    if (discovered.kind === 'answered' && findResult(discovered.text)?.result !== undefined) {
      record(well('connect', 'POST server/discover: MCP, without sign-in'))
      return { kind: 'open', transport: 'modern' }
    }
  }
  const got = await probe(eventStreamQuestion(target.url))
  if (got.kind === 'answered' && got.status === 401) return challenged(got, examination)
  if (isEventStream(got)) {
    record(
      well('connect', `POST: ${posted.status}, GET: a stream of events, so HTTP+SSE of 2024-11-05`),
    )
    return { kind: 'open', transport: 'legacy' }
  }
  return giveUp(posted, examination)
}

/** Whether an answer is a stream of events. */
export function isEventStream(answer: Answer): answer is Answered {
  if (answer.kind === 'failed' || answer.status !== 200) return false
  return /^text\/event-stream\b/i.test(answer.headers.get('content-type') ?? '')
}

function giveUp(answer: Answered, { target, record }: Examination): Greeting {
  record(
    failed('connect', `POST initialize: ${describeAnswer(answer)}`, causeOfStatus(answer, target)),
  )
  return { kind: 'none' }
}

function challenged(answer: Answered, examination: Examination): Greeting {
  examination.record(well('connect', 'POST initialize: 401, so it asks for a sign-in'))
  return { kind: 'protected', resourceMetadata: readChallenge(answer, examination) }
}

/** Where a 401 sends clients, if it does (RFC 9728 §5.1). */
export function readChallenge(
  { headers }: Answered,
  { target, record }: Examination,
): string | undefined {
  const header = headers.get('www-authenticate') ?? ''
  const resourceMetadata = parseBearerChallenge(header)?.get('resource_metadata')
  record(describeChallenge({ header, resourceMetadata, target }))
  return resourceMetadata
}

function describeChallenge(of: {
  readonly header: string
  readonly resourceMetadata: string | undefined
  readonly target: Examination['target']
}): Step {
  const { header, resourceMetadata, target } = of
  if (resourceMetadata === undefined) {
    if (parseBearerChallenge(header) !== undefined) {
      return unseen(
        'challenge',
        'it names no resource_metadata, so clients try the well-known URLs',
      )
    }
    const cause =
      'clients learn from the challenge that they need a Bearer token (RFC 6750 §3): a front end that removes WWW-Authenticate, or signs in by itself'
    const seen = header === '' ? '401 without WWW-Authenticate' : `401 with ${header}`
    return failed('challenge', seen, { cause, remedy: [] })
  }
  const seen = `resource_metadata is ${resourceMetadata}`
  const cause = explainOrigin(resourceMetadata, target) ?? explainPath(resourceMetadata, target)
  return cause === undefined ? well('challenge', seen) : failed('challenge', seen, cause)
}

/** The path of the resource stands behind the well-known part (RFC 9728 §3.1). */
function explainPath(named: string, target: Examination['target']) {
  const { pathname } = new URL(named)
  if (protectedResourceMetadataUrls(target.url).includes(named)) return undefined
  const prefix = prefixBefore(pathname.replace('/.well-known/oauth-protected-resource', ''), target)
  return prefix === undefined ? undefined : strippedPrefix(prefix, target)
}
