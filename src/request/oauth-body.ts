import { readBoundedText } from '../http/bounded-body.ts'
import { OAuthError } from '../oauth/error.ts'
import { checkNotRepeated, type Parameters, parseParameters } from '../oauth/parameters.ts'

const MAX_BODY = 65_536 // bytes; plenty for OAuth, and the gateway has a limit of its own
const DEADLINE = 15_000 // milliseconds for all of it (THREATS T82)

/** Reads the body of an OAuth request; throws for one that is too large or comes too slowly. */
export async function readOAuthBody(request: Request): Promise<string> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  const text = declared > MAX_BODY ? undefined : await withinDeadline(request.body)
  if (text !== undefined) return text
  throw new OAuthError('invalid_request', 'The body is too large: at most 64 KiB', { status: 413 })
}

async function withinDeadline(body: ReadableStream<Uint8Array> | null) {
  const deadline = AbortSignal.timeout(DEADLINE)
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () => {
      reject(new OAuthError('invalid_request', 'The body came too slowly', { status: 408 }))
    })
  })
  return Promise.race([readBoundedText(body, MAX_BODY), late])
}

/** Reads an `application/x-www-form-urlencoded` body (RFC 6749 appendix B). */
export async function readForm(request: Request): Promise<Parameters> {
  const mediaType = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (mediaType !== 'application/x-www-form-urlencoded') {
    throw new OAuthError(
      'invalid_request',
      'Unusable body: want Content-Type application/x-www-form-urlencoded',
    )
  }
  const { parameters, repeated } = parseParameters(await readOAuthBody(request))
  checkNotRepeated(repeated)
  return parameters
}
