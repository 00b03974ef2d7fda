import * as v from 'valibot'

/** The newest revision of MCP that our own clients speak; it has no handshake. */
export const MODERN = '2026-07-28'
/** The revision that our own clients offer in a handshake. */
export const CLASSIC = '2025-06-18'

const CLIENT = { name: 'mcp-oauth-proxy', version: '1' }

/** The first message of a session (MCP 2025-06-18, lifecycle). */
export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: CLASSIC, capabilities: {}, clientInfo: CLIENT },
}

const META = 'io.modelcontextprotocol'

/** A request of the newest revision, which carries in itself what a handshake used to tell. */
export function createModernRequest(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): object {
  const meta = {
    [`${META}/protocolVersion`]: MODERN,
    [`${META}/clientInfo`]: CLIENT,
    [`${META}/clientCapabilities`]: {},
  }
  return { jsonrpc: '2.0', id: 2, method, params: { ...params, _meta: meta } }
}

const Result = v.object({
  id: v.number(),
  result: v.optional(
    v.object({
      protocolVersion: v.optional(v.string()),
      serverInfo: v.optional(v.object({ name: v.string() })),
      tools: v.optional(v.array(v.object({ name: v.string() }))),
    }),
  ),
  error: v.optional(v.object({ code: v.number(), message: v.optional(v.string()) })),
})

/** What our clients read of an answer (JSON-RPC 2.0). */
export type McpResult = v.InferOutput<typeof Result>

/** The first answer in a JSON body, or in the events of a stream. */
export function findResult(text: string): McpResult | undefined {
  const candidates = [text, ...[...text.matchAll(/^data: ?(.*)$/gm)].map(([, data]) => data ?? '')]
  for (const candidate of candidates) {
    const parsed = v.safeParse(Result, parseJson(candidate))
    if (parsed.success) return parsed.output
  }
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
