import {
  answerRequest,
  formatFailure,
  parseMessage,
  RPC,
  type RpcRequest,
  type RpcResponse,
} from './json-rpc.ts'
import { type Call, handleMethod, isStreaming, MCP_VERSIONS } from './mcp-methods.ts'
import type { DemoSession } from './token-endpoint.ts'

/** What the MCP endpoint needs: who a token belongs to, a clock, and a way to wait. */
export interface McpOptions extends Pick<Call, 'now' | 'wait'> {
  readonly findSession: (accessToken: string) => DemoSession | undefined
}

/** Answers POST at an MCP endpoint: Streamable HTTP, without sessions of its own. */
export function createMcp(options: McpOptions): (request: Request) => Promise<Response> {
  const { findSession, now, wait } = options

  return async (request) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
    const session = token === undefined ? undefined : findSession(token)
    if (session === undefined) return refuseToken(token)
    const body = await parseBody(request)
    if (body instanceof Response) return body
    const { signal } = request
    const call: Call = { session, now, wait, signal, send: () => undefined }
    if (Array.isArray(body.json)) return answerBatch(body.json, call)
    return answerSingle(body.json, request.headers.get('mcp-protocol-version'), call)
  }
}

function refuseToken(token: string | undefined): Response {
  const challenge = token === undefined ? 'Bearer' : 'Bearer error="invalid_token"'
  return new Response(null, { status: 401, headers: { 'WWW-Authenticate': challenge } })
}

async function parseBody(request: Request): Promise<{ readonly json: unknown } | Response> {
  const mediaType = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json') return new Response(null, { status: 415 })
  try {
    return { json: JSON.parse(await request.text()) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return refuse(RPC.parseError, 'The body is not JSON')
  }
}

async function answerBatch(elements: readonly unknown[], call: Call): Promise<Response> {
  if (elements.length === 0) return refuse(RPC.invalidRequest, 'Empty batch')
  const answers = await Promise.all(elements.map((element) => answerElement(element, call)))
  const answered = answers.filter((answer) => answer !== undefined)
  return answered.length === 0 ? new Response(null, { status: 202 }) : Response.json(answered)
}

async function answerElement(element: unknown, call: Call): Promise<RpcResponse | undefined> {
  const message = parseMessage(element)
  if (message.kind === 'unanswered') return undefined
  if (message.kind === 'invalid') {
    return formatFailure(RPC.invalidRequest, 'Not a JSON-RPC request')
  }
  return run(message.request, call)
}

async function answerSingle(json: unknown, version: string | null, call: Call): Promise<Response> {
  const message = parseMessage(json)
  if (message.kind === 'unanswered') return new Response(null, { status: 202 })
  if (message.kind === 'invalid') return refuse(RPC.invalidRequest, 'Not a JSON-RPC request')
  const { request } = message
  if (!isVersionAccepted(version, request)) {
    return refuse(RPC.invalidRequest, 'Unsupported MCP-Protocol-Version')
  }
  if (!isStreaming(request)) return Response.json(await run(request, call))
  return streamMessages((send, signal) => run(request, { ...call, send, signal }))
}

function run(request: RpcRequest, call: Call): Promise<RpcResponse> {
  return answerRequest(request, () => handleMethod(request, call))
}

/** An unsupported version is 400 since 2025-06-18; what negotiates the version is answered. */
function isVersionAccepted(version: string | null, { method }: RpcRequest): boolean {
  if (version === null || MCP_VERSIONS.includes(version)) return true
  return method === 'initialize' || method === 'server/discover'
}

function refuse(code: number, message: string): Response {
  return Response.json(formatFailure(code, message), { status: 400 })
}

function streamMessages(
  run: (send: (message: object) => void, signal: AbortSignal) => Promise<object>,
): Response {
  const cancelled = new AbortController()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const send = (message: object) => {
        const event = `event: message\ndata: ${JSON.stringify(message)}\n\n`
        controller.enqueue(encoder.encode(event))
      }
      send(await run(send, cancelled.signal))
      controller.close()
    },
    cancel: (reason) => cancelled.abort(reason),
  })
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }
  return new Response(body, { headers })
}
