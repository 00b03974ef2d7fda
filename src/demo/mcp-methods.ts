import * as v from 'valibot'
import { describeIssue } from './issues.ts'
import { RPC, RpcError, type RpcRequest } from './json-rpc.ts'
import { createTools, type Progress, type Tool, type ToolContext } from './tools.ts'

const LATEST = '2025-11-25'

/** The MCP revisions that the demo speaks, oldest first. */
export const MCP_VERSIONS: readonly string[] = ['2025-03-26', '2025-06-18', LATEST]

const TOOLS = createTools()

/** For whom and with what a method runs; `send` takes notifications ahead of the response. */
export interface Call extends Omit<ToolContext, 'report'> {
  readonly send: (notification: object) => void
}

/** The result of a request; throws an `RpcError`. */
export function handleMethod(request: RpcRequest, call: Call): object | Promise<object> {
  switch (request.method) {
    case 'initialize':
      return initialize(request)
    case 'ping':
      return {}
    case 'tools/list':
      return { tools: Array.from(TOOLS.values(), ({ description }) => description) }
    case 'tools/call':
      return callTool(request, call)
    default:
      throw new RpcError(RPC.methodNotFound, 'Method not found')
  }
}

/** Whether a request is answered by a stream of progress. */
export function isStreaming(request: RpcRequest): boolean {
  return request.method === 'tools/call' && findTool(request)?.isStreaming === true
}

function findTool({ params }: RpcRequest): Tool | undefined {
  const { name } = params
  return typeof name === 'string' ? TOOLS.get(name) : undefined
}

function initialize({ params }: RpcRequest) {
  const { protocolVersion } = parseParams(v.object({ protocolVersion: v.string() }), params)
  return {
    protocolVersion: MCP_VERSIONS.includes(protocolVersion) ? protocolVersion : LATEST,
    capabilities: { tools: {} },
    serverInfo: { name: 'mcp-oauth-proxy-demo', title: 'Demo', version: '1.0.0' },
    instructions: 'A demo server: whoami tells who is signed in, countdown streams its progress.',
  }
}

const ToolCall = v.object({
  arguments: v.optional(v.unknown(), {}),
  _meta: v.optional(
    v.object({
      progressToken: v.optional(v.union([v.string(), v.pipe(v.number(), v.integer())])),
    }),
  ),
})

async function callTool(request: RpcRequest, call: Call) {
  const tool = findTool(request)
  if (tool === undefined) throw new RpcError(RPC.invalidParams, 'Unknown tool')
  const { arguments: sent, _meta } = parseParams(ToolCall, request.params)
  const progressToken = _meta?.progressToken
  const report = (progress: Progress) => {
    if (progressToken === undefined) return
    const params = { progressToken, ...progress }
    call.send({ jsonrpc: '2.0', method: 'notifications/progress', params })
  }
  return tool.call(sent, { ...call, report })
}

function parseParams<Schema extends v.GenericSchema>(schema: Schema, params: unknown) {
  const parsed = v.safeParse(schema, params)
  if (parsed.success) return parsed.output
  throw new RpcError(RPC.invalidParams, describeIssue(parsed.issues[0]))
}
