import type { Log } from './log.ts'
import { OAuthError, type OAuthErrorCode } from './oauth/error.ts'
import { renderErrorPage } from './pages/error-page.ts'
import type { TextAnswer } from './request/answer.ts'
import type { HeadExchange, RequestHead } from './request/exchange.ts'
import { respondWithJson } from './request/respond.ts'

/** Whether people or programs read the answers of a route. */
export type ErrorStyle = 'page' | 'json'

const RETRY_AFTER = '5' // seconds

/** Turns whatever an endpoint throws into an answer, in the style of its route, and a line of log. */
export interface ErrorResponder {
  json(error: unknown, exchange: HeadExchange): TextAnswer
  page(error: unknown, exchange: HeadExchange): Promise<Response>
}

/** An error responder over a log. */
export function createErrorResponder(log: Log): ErrorResponder {
  const report = createReport(log)
  return {
    json: (error, exchange) => respondWithError(report(error, exchange), exchange),
    page: (error, exchange) => respondWithErrorPage(report(error, exchange), exchange),
  }
}

/** Logs a failure; gives it back if it is one whose message is for whoever asked. */
function createReport(log: Log) {
  return (error: unknown, exchange: HeadExchange): OAuthError | undefined => {
    const { requestId, path, request } = exchange
    const place = { requestId, path, method: request.method }
    if (error instanceof OAuthError) {
      const { code, message: description, cause } = error
      const detail = typeof cause === 'string' ? { cause } : {}
      log(levelOf(error), 'Request refused', { ...place, error: code, description, ...detail })
    } else if (isAborted(request)) {
      log('info', 'Client went away', place)
    } else {
      log('error', 'Request failed', { ...place, error: 'server_error', bug: describeBug(error) })
    }
    return error instanceof OAuthError ? error : undefined
  }
}

/** Whether the client went away; without a body nobody waits for it. */
function isAborted(request: RequestHead): boolean {
  return request instanceof Request && request.signal.aborted
}

function levelOf({ code }: OAuthError): 'info' | 'warning' {
  return code === 'server_error' || code === 'temporarily_unavailable' ? 'warning' : 'info'
}

/** The kind of a bug and where it happened; its message could quote a secret. */
function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return 'thrown value'
  const [, place] = /\n\s+at ([^\n]*)/.exec(error.stack ?? '') ?? []
  return `${error.name} at ${place ?? 'unknown place'}`
}

function respondWithError(
  error: OAuthError | undefined,
  { request, requestId }: HeadExchange,
): TextAnswer {
  if (error === undefined) {
    return respondWithJson(
      { error: 'server_error', error_description: `Unexpected failure, request ${requestId}` },
      { status: 500 },
    )
  }
  const headers: Record<string, string> = {}
  // RFC 6749 §5.2: a client that used the header is answered in kind.
  const usedHeader = request.headers.has('authorization')
  if (error.code === 'invalid_client' && usedHeader) {
    headers['WWW-Authenticate'] = 'Basic realm="token endpoint"'
  }
  if (error.code === 'temporarily_unavailable') headers['Retry-After'] = RETRY_AFTER
  // What is left of the body is not waited for.
  if (error.status !== undefined) headers['Connection'] = 'close'
  return respondWithJson(
    { error: error.code, error_description: error.message },
    { status: error.status ?? STATUS[error.code] ?? 400, headers },
  )
}

const STATUS: Partial<Record<OAuthErrorCode, number>> = {
  invalid_client: 401,
  server_error: 502,
  temporarily_unavailable: 503,
}

function respondWithErrorPage(error: OAuthError | undefined, { requestId }: HeadExchange) {
  if (error === undefined) {
    return renderErrorPage({
      status: 500,
      cause: 'Something went wrong on this side.',
      remedy: 'Try again. If it stays so, give the request id below to whoever runs this proxy.',
      requestId,
    })
  }
  return renderErrorPage({
    status: error.status ?? (error.code === 'access_denied' ? 403 : 400),
    cause: `${error.message}.`,
    remedy:
      'Nothing was handed over. Start the sign-in again from your app; if that does not help, remove this server there and add it anew.',
    requestId,
  })
}
