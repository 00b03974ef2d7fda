import { type Answer, TextAnswer } from './answer.ts'

const ALLOWED_HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Last-Event-ID',
  'Mcp-Method',
  'Mcp-Name',
  'MCP-Protocol-Version',
  'Mcp-Session-Id',
]
const EXPOSED_HEADERS = 'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After'
const MAX_AGE = '600' // seconds

/** The answer to a preflight: any origin, without credentials, fixed headers (WHATWG Fetch §3.2). */
export function respondToPreflight(request: Request, allow: string): Response {
  const requested = request.headers.get('access-control-request-headers') ?? ''
  // Parameters that a tool mirrors into headers have names of its own (MCP 2026-07-28).
  const mirrored = requested
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^mcp-param-[a-z0-9-]{1,64}$/i.test(name))
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': allow,
      'Access-Control-Allow-Headers': [...ALLOWED_HEADERS, ...mirrored].join(', '),
      'Access-Control-Max-Age': MAX_AGE,
    },
  })
}

/** What lets pages of any origin read an answer; no cookie goes with such a request. */
export const OPEN_TO_BROWSERS = [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Expose-Headers', EXPOSED_HEADERS],
] as const

/** The same on an answer. */
export function allowAnyOrigin(answer: TextAnswer): TextAnswer
export function allowAnyOrigin(answer: Answer): Answer
export function allowAnyOrigin(answer: Answer): Answer {
  if (answer instanceof TextAnswer) {
    return answer.with(OPEN_TO_BROWSERS)
  }
  for (const [name, value] of OPEN_TO_BROWSERS) answer.headers.set(name, value)
  return answer
}
