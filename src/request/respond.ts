import { TextAnswer } from './answer.ts'
import type { HeadExchange } from './exchange.ts'

/** JSON that no cache may keep (RFC 6749 §5.1). */
export function respondWithJson(
  body: unknown,
  {
    status = 200,
    headers = {},
  }: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): TextAnswer {
  const all = [JSON_TYPE, NEVER_KEPT, ...Object.entries(headers)]
  return new TextAnswer(status, all, JSON.stringify(body))
}

const JSON_TYPE = ['Content-Type', 'application/json'] as const
const NEVER_KEPT = ['Cache-Control', 'no-store'] as const
const KEPT = ['Cache-Control', 'public, max-age=300'] as const

/** A metadata document; only one that does not depend on the request's headers may be cached. */
export function respondWithMetadata({ base }: HeadExchange, document: unknown): TextAnswer {
  const headers = [JSON_TYPE, base.isDerived ? NEVER_KEPT : KEPT]
  return new TextAnswer(200, headers, JSON.stringify(document))
}

/** The one answer for a server that is not there, whatever was asked of it. */
export function notFound(): TextAnswer {
  return respondWithJson(
    {
      error: 'invalid_request',
      error_description:
        'MCP server not found: name the server in the path, in resource or in client_id, or set root in the configuration',
      detail: 'MCP server not found',
    },
    { status: 404 },
  )
}
