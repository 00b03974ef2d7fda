import type { TokenFailure } from '../oauth-client/token-cache.ts'
import type { Server } from '../registry.ts'
import type { TextAnswer } from '../request/answer.ts'
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
  'too-many-streams': [429, 'Too many open streams: at most 32 for each session'],
  nonsense: [502, 'The MCP server answered with what is not HTTP'],
  'refused-credential': [
    502,
    "The MCP server refused this proxy's own credential: its operator can renew it in the configuration",
  ],
  slow: [504, 'The MCP server did not answer in time'],
} as const

/** An error of the gateway's own, as JSON with the cause. */
export function respondWithGatewayError(
  kind: keyof typeof ERRORS,
  headers: Record<string, string> = {},
): TextAnswer {
  const [status, detail] = ERRORS[kind]
  return respondWithJson({ error: kind.replaceAll('-', '_'), detail }, { status, headers })
}

const RETRY_AFTER = '5' // seconds

/** Why there is no upstream credential: the server and the status are named, never a secret. */
export function respondWithCredentialFailure(server: Server, failure: TokenFailure): TextAnswer {
  if (failure.kind === 'unavailable') {
    return respondWithJson(
      {
        error: 'temporarily_unavailable',
        detail: `The provider of ${server.name} can not be reached for a token: try again`,
      },
      { status: 503, headers: { 'Retry-After': RETRY_AFTER } },
    )
  }
  return respondWithJson(
    {
      error: 'server_error',
      detail: `The provider of ${server.name} gave this proxy no token (${describeFailure(failure)}): its operator can correct the client there`,
    },
    { status: 502 },
  )
}

/** What a provider answered, in words without a secret. */
export function describeFailure(failure: TokenFailure): string {
  return failure.kind === 'refused' ? `error ${printable(failure.error)}` : failure.cause
}

function printable(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'unprintable'
}
