import { describeAnswer, type Examination, failed, unseen, well } from './examination.ts'
import { eventStreamQuestion, isEventStream } from './greeting.ts'
import type { Answer, Answered } from './probe.ts'
import { STREAM_REMEDY } from './remedies.ts'
import type { Cause, Step } from './report.ts'
import { requestIn, type Session } from './session.ts'
import { zoneOf } from './target.ts'

/** A tool that the user told to call, since only they know what it does. */
export interface ToolCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/**
 * Whether events come as they are sent. A front end that buffers holds back even the head of a
 * quiet stream, so a stream that the server keeps open shows it by the time of its head; a tool call
 * shows it by whether its events come one by one or all at the end.
 */
export async function watchStream(
  session: Session,
  call: ToolCall | undefined,
  examination: Examination,
): Promise<void> {
  const { record } = examination
  const called = call === undefined ? undefined : await callTool(session, call, examination)
  // A call says more than a head, which a server itself may hold back.
  if (called !== undefined && called.mark !== 'unseen') return record(called)
  const quiet = await listen(session, examination)
  record(called !== undefined && quiet.mark === 'unseen' ? called : quiet)
}

/** Servers of both ages may know only the newer kind of stream. */
async function listen(session: Session, examination: Examination): Promise<Step> {
  const classic = session.isModern ? undefined : await listenClassic(session, examination)
  return classic !== undefined && classic.mark !== 'unseen'
    ? classic
    : listenModern(session, examination)
}

async function listenClassic({ headers }: Session, { target, probe }: Examination): Promise<Step> {
  return describeQuiet(
    await probe({ ...eventStreamQuestion(target.url, headers), watch: watchHead }),
  )
}

/** `subscriptions/listen` stays open, and says at once that it does (MCP 2026-07-28). */
async function listenModern(session: Session, { target, probe }: Examination): Promise<Step> {
  const params = { notifications: { toolsListChanged: true } }
  const question = requestIn(session, target.url, { method: 'subscriptions/listen', params })
  return describeQuiet(await probe({ ...question, watch: watchHead, timeout: PATIENCE }))
}

const PATIENCE = 5_000 // milliseconds
/** The head alone tells. */
const watchHead = () => () => true

function describeQuiet(answer: Answer): Step {
  if (isEventStream(answer)) {
    return well(
      'stream',
      `the head of a stream of events came after ${Math.round(answer.headersAfter)} ms`,
    )
  }
  if (answer.kind === 'failed' && answer.failure === 'timeout') {
    return failed(
      'stream',
      `a stream of events, and nothing of it for ${PATIENCE / 1000} s`,
      BUFFERED,
    )
  }
  const seen = `the server keeps no stream open (${describeAnswer(answer)}); --call TOOL shows one that streams`
  return unseen('stream', seen)
}

const BUFFERED: Cause = {
  cause:
    'buffering on: the front end holds events back (or the server sends no head before its first event: --call TOOL tells)',
  remedy: STREAM_REMEDY,
}

async function callTool(
  session: Session,
  { name, arguments: given }: ToolCall,
  { target, probe }: Examination,
): Promise<Step> {
  const params = { name, arguments: given, _meta: { progressToken: 'doctor' } }
  const question = requestIn(session, target.url, { method: 'tools/call', params })
  return describeCall(name, await probe({ ...question, timeout: CALL_TIMEOUT }))
}

const CALL_TIMEOUT = 60_000 // milliseconds

function describeCall(name: string, answer: Answer): Step {
  if (!isEventStream(answer)) {
    return unseen('stream', `${name} is not answered by a stream: ${describeAnswer(answer)}`)
  }
  const { firstByteAfter = answer.endedAfter, endedAfter } = answer
  const events = answer.text.match(/^data:/gm)?.length ?? 0
  const times = `${events} events, the first after ${Math.round(firstByteAfter)} ms, the last after ${Math.round(endedAfter)} ms`
  if (events < 2 || endedAfter < SHORTEST) {
    return unseen('stream', `${times}: too few and too short to tell`)
  }
  return isAtOnce(firstByteAfter, endedAfter)
    ? failed('stream', times, BUFFERED)
    : well('stream', times)
}

/** Milliseconds that a call must take, that chance does not look like buffering. */
const SHORTEST = 300

/** Whether all events came together, and only when the answer was whole. */
function isAtOnce(firstByteAfter: number, endedAfter: number): boolean {
  return firstByteAfter > 0.9 * endedAfter
}

/** The stream of a server of 2024-11-05: its first event names where messages go, on the same origin. */
export async function watchLegacyStream(
  { target, probe, record }: Examination,
  token?: string,
): Promise<void> {
  const credential = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await probe(eventStreamQuestion(target.url, credential))
  record(describeLegacy(answer, target.url))
}

function describeLegacy(answer: Answer, url: string): Step {
  if (!isEventStream(answer)) return describeQuiet(answer)
  const endpoint = endpointOf(answer)
  if (endpoint === undefined) {
    return failed('stream', 'no endpoint event came', BUFFERED)
  }
  const after = Math.round(answer.firstByteAfter ?? 0)
  const target = URL.canParse(endpoint, url) ? new URL(endpoint, url) : undefined
  if (target?.origin === new URL(url).origin) {
    return well('stream', `the endpoint event came after ${after} ms: ${endpoint}`)
  }
  const isInside = target !== undefined && zoneOf(target.hostname) !== 'public'
  const cause = isInside
    ? 'messages would go to an address inside: the server does not know its public one'
    : 'clients send messages to the origin of the stream only'
  return failed('stream', `the endpoint event names ${endpoint}`, { cause, remedy: [] })
}

function endpointOf({ text }: Answered): string | undefined {
  const [, endpoint] = /^event: ?endpoint\r?\ndata: ?(\S+)/m.exec(text) ?? []
  return endpoint
}
