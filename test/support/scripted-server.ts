import { networkOf } from './doctor.ts'

/** What a scripted MCP server says at a path; a string is its JSON or HTML, by its first character. */
export type Script = Readonly<
  Record<
    string,
    Response | string | number | object | ((request: Request) => Response | Promise<Response>)
  >
>

const ISSUER = 'https://mcp.example.com'

/** The metadata of a server that does all as it should, whose parts a test replaces. */
export const GOOD_SERVER = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  registration_endpoint: `${ISSUER}/register`,
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
}

/** A server that does all as it should. */
export const GOOD: Script = {
  'POST /mcp': challenge(`${ISSUER}/.well-known/oauth-protected-resource/mcp`),
  'GET /mcp': challenge(`${ISSUER}/.well-known/oauth-protected-resource/mcp`),
  'HEAD /mcp': challenge(`${ISSUER}/.well-known/oauth-protected-resource/mcp`),
  'GET /.well-known/oauth-protected-resource/mcp': {
    resource: `${ISSUER}/mcp`,
    authorization_servers: [ISSUER],
  },
  'GET /.well-known/oauth-authorization-server': GOOD_SERVER,
  'POST /register': register,
  'GET /authorize': '<title>Sign in</title>',
  'POST /token': () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
}

/** Registers whoever names where to come back to (RFC 7591 §3.2). */
async function register(request: Request): Promise<Response> {
  const { redirect_uris }: { redirect_uris?: unknown } = await request.json()
  if (!Array.isArray(redirect_uris)) {
    return Response.json({ error: 'invalid_redirect_uri' }, { status: 400 })
  }
  return Response.json({ client_id: 'the-client', redirect_uris }, { status: 201 })
}

/** A 401 that names where the metadata is. */
export function challenge(resourceMetadata: string): () => Response {
  const headers = { 'www-authenticate': `Bearer resource_metadata="${resourceMetadata}"` }
  return () => new Response(null, { status: 401, headers })
}

/** A network in which this script is all there is; what it does not name is 404. */
export function play(script: Script): {
  readonly fetch: typeof globalThis.fetch
  readonly asked: readonly string[]
} {
  const asked: string[] = []
  const fetch = networkOf((request) => {
    const { origin, pathname } = new URL(request.url)
    asked.push(`${request.method} ${origin}${pathname}`)
    return toResponse(script[`${request.method} ${pathname}`], request)
  })
  return { fetch, asked }
}

function toResponse(
  said: Script[string] | undefined,
  request: Request,
): Response | Promise<Response> {
  if (said === undefined) return Response.json({ error: 'not_found' }, { status: 404 })
  if (typeof said === 'function') return said(request)
  if (typeof said === 'number') return new Response('', { status: said })
  if (said instanceof Response) return said
  if (typeof said !== 'string') return Response.json(said)
  const type = said.startsWith('<') ? 'text/html' : 'application/json'
  return new Response(said, { headers: { 'content-type': type } })
}
