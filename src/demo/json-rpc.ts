import * as v from 'valibot'

/** Error codes of JSON-RPC 2.0 §5.1. */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
} as const

/** A refusal that JSON-RPC can express. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

const version = v.literal('2.0')
const id = v.union([v.string(), v.pipe(v.number(), v.integer())]) // MCP forbids null
const params = v.optional(
  v.pipe(
    v.unknown(),
    v.check((sent) => !Array.isArray(sent)), // Valibot takes an array for a record
    v.record(v.string(), v.unknown()),
  ),
  {},
)

const RpcRequest = v.object({ jsonrpc: version, id, method: v.string(), params })

/** A JSON-RPC request as MCP allows it. */
export type RpcRequest = v.InferOutput<typeof RpcRequest>

const Unanswered = v.union([
  v.strictObject({ jsonrpc: version, method: v.string(), params }),
  v.strictObject({ jsonrpc: version, id, result: v.looseObject({}) }),
  v.strictObject({ jsonrpc: version, id: v.optional(id), error: v.looseObject({}) }),
])

/** What one element of a body is: to be answered, a notification or response, or nonsense. */
export type RpcMessage =
  | { readonly kind: 'request'; readonly request: RpcRequest }
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'invalid' }

/** Parses one message of a body. */
export function parseMessage(message: unknown): RpcMessage {
  const request = v.safeParse(RpcRequest, message)
  if (request.success) return { kind: 'request', request: request.output }
  return { kind: v.is(Unanswered, message) ? 'unanswered' : 'invalid' }
}

/** A JSON-RPC response object. */
export type RpcResponse = { readonly jsonrpc: '2.0'; readonly id: RpcRequest['id'] | null } & (
  | { readonly result: object }
  | { readonly error: { readonly code: number; readonly message: string } }
)

/** The response of a request that could not even be read. */
export function formatFailure(code: number, message: string): RpcResponse {
  return { jsonrpc: '2.0', id: null, error: { code, message } }
}

/** The response of a request: what the handler gives, or the `RpcError` that it throws. */
export async function answerRequest(
  request: RpcRequest,
  handle: () => object | Promise<object>,
): Promise<RpcResponse> {
  try {
    return { jsonrpc: '2.0', id: request.id, result: await handle() }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return { ...formatFailure(error.code, error.message), id: request.id }
  }
}
