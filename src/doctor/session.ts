import { createModernRequest, findResult, type McpResult, MODERN } from '../mcp-messages.ts'
import { describeAnswer, type Examination, failed, unseen, well } from './examination.ts'
import {
  discoverQuestion,
  eventStreamQuestion,
  initializeQuestion,
  isEventStream,
  messageQuestion,
} from './greeting.ts'
import type { Answer, Answered } from './probe.ts'
import type { Step } from './report.ts'

/** A session with the MCP server, or the way in which one does without. */
export interface Session {
  readonly isModern: boolean
  /** What every further request carries; secret. */
  readonly headers: Readonly<Record<string, string>>
}

/** The handshake: `initialize`, else `server/discover`, else none, as of old (MCP 2026-07-28, backward compatibility). */
export async function openSession(
  token: string | undefined,
  examination: Examination,
): Promise<Session | 'legacy' | undefined> {
  const { target, probe, record } = examination
  const credential = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await probe(initializeQuestion(target.url, credential))
  const result = resultOf(answer)
  if (answer.kind === 'answered' && result?.protocolVersion !== undefined) {
    record(
      well(
        'handshake',
        `initialize: ${result.serverInfo?.name ?? 'a server'} speaks ${result.protocolVersion}`,
      ),
    )
    const session = answer.headers.get('mcp-session-id')
    const headers = {
      ...credential,
      'mcp-protocol-version': result.protocolVersion,
      ...(session === null ? {} : { 'mcp-session-id': session }),
    }
    await probe(post(target.url, INITIALIZED, headers))
    return { isModern: false, headers }
  }
  const discovered = await probe(discoverQuestion(target.url, credential))
  if (resultOf(discovered) !== undefined) {
    record(well('handshake', `server/discover: the server speaks ${MODERN}`))
    return { isModern: true, headers: { ...credential, 'mcp-protocol-version': MODERN } }
  }
  if (isEventStream(await probe(eventStreamQuestion(target.url, credential)))) {
    record(well('handshake', `POST: ${describeAnswer(answer)}, GET: HTTP+SSE of 2024-11-05`))
    return 'legacy'
  }
  record(
    failed('handshake', `initialize: ${describeAnswer(answer)}`, causeOfHandshake(answer, token)),
  )
  return undefined
}

const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' }

function causeOfHandshake(answer: Answer, token: string | undefined) {
  const isRefused = answer.kind === 'answered' && answer.status === 401 && token !== undefined
  const cause = isRefused
    ? 'the server refuses the token that its own authorization server gave: a front end that removes Authorization, or another audience'
    : 'the server behind does not answer as an MCP server: its log, and `check --online`, say more'
  return { cause, remedy: [] }
}

function resultOf(answer: Answer) {
  return answer.kind === 'answered' ? findResult(answer.text)?.result : undefined
}

function post(url: string, message: object, headers: Session['headers']) {
  const question = messageQuestion(url, message)
  return { ...question, headers: { ...question.headers, ...headers } }
}

/** A request in a session, as the session's revision wants it. */
export function requestIn(
  { isModern, headers }: Session,
  url: string,
  request: { readonly method: string; readonly params?: Readonly<Record<string, unknown>> },
) {
  const { method, params = {} } = request
  if (!isModern) return post(url, { jsonrpc: '2.0', id: 2, method, params }, headers)
  const name = params['name']
  return post(url, createModernRequest(method, params), {
    ...headers,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  })
}

/** Lists the tools, and calls none; gives the answer of a server that wants a sign-in from here on. */
export async function listTools(
  session: Session,
  { target, probe, record }: Examination,
): Promise<Answered | undefined> {
  const answer = await probe(requestIn(session, target.url, { method: 'tools/list' }))
  const result = answer.kind === 'answered' ? findResult(answer.text) : undefined
  if (isUnauthorized(answer) && session.headers['authorization'] === undefined) {
    record(unseen('tools', 'tools/list: 401, so it asks for a sign-in here, and not before'))
    return answer
  }
  record(describeTools(answer, result))
  return undefined
}

function isUnauthorized(answer: Answer): answer is Answered {
  return answer.kind === 'answered' && answer.status === 401
}

function describeTools(answer: Answer, result: McpResult | undefined): Step {
  const tools = result?.result?.tools
  if (tools !== undefined) return well('tools', `${tools.length} tools`)
  if (result?.error?.code === METHOD_NOT_FOUND) return unseen('tools', 'the server has none')
  const cause = isUnauthorized(answer)
    ? 'the server takes the token for the handshake, and not for its tools: other scopes, or another server behind the same front end'
    : 'the session does not hold: several servers behind one front end without stickiness?'
  return failed('tools', `tools/list: ${describeAnswer(answer)}`, { cause, remedy: [] })
}

const METHOD_NOT_FOUND = -32601

/** Ends a session that has an id (MCP 2025-06-18, session management). */
export async function closeSession(
  { headers }: Session,
  { target, probe }: Examination,
): Promise<void> {
  if (headers['mcp-session-id'] === undefined) return
  await probe({ url: target.url, method: 'DELETE', headers })
}
