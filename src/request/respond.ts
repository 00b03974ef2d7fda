import type { Exchange } from './exchange.ts'

/** JSON that no cache may keep (RFC 6749 §5.1). */
export function respondWithJson(body: unknown, init: ResponseInit = {}): Response {
  const headers = new Headers(init.headers)
  headers.set('Content-Type', 'application/json')
  headers.set('Cache-Control', 'no-store')
  return new Response(JSON.stringify(body), { ...init, headers })
}

/** A metadata document; only one that does not depend on the request's headers may be cached. */
export function respondWithMetadata({ base }: Exchange, document: unknown): Response {
  const cacheControl = base.isDerived ? 'no-store' : 'public, max-age=300'
  return new Response(JSON.stringify(document), {
    headers: { 'Content-Type': 'application/json', 'Cache-Control': cacheControl },
  })
}

/** The one answer for a server that is not there, whatever was asked of it. */
export function notFound(): Response {
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
