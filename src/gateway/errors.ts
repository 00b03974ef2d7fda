import { respondWithJson } from '../request/respond.ts'

const ERRORS = {
  'foreign-origin': [
    403,
    'Origin is not allowed here: pages of other sites may not use this server',
  ],
  'wrong-method': [405, 'Method not allowed: MCP uses GET, POST and DELETE'],
  'wrong-type': [415, 'Unsupported media type: MCP messages are application/json'],
  'too-large': [413, 'Request body is too large: at most 16 MiB'],
  redirect: [
    502,
    'The MCP server answered with a redirect: its url in the configuration must be the final one',
  ],
  unreachable: [
    502,
    'The MCP server can not be reached: its url in the configuration may be wrong, or it is down',
  ],
  slow: [504, 'The MCP server did not answer in time'],
} as const

/** An error of the gateway's own, as JSON with the cause. */
export function respondWithGatewayError(
  kind: keyof typeof ERRORS,
  headers: Record<string, string> = {},
): Response {
  const [status, detail] = ERRORS[kind]
  return respondWithJson({ error: kind.replace('-', '_'), detail }, { status, headers })
}
