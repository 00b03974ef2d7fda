import { type Examination, failed, well } from './examination.ts'
import { describeRefusal, toOAuthError } from './registration.ts'
import type { FoundServer } from './server-metadata.ts'

/** Shows by a code that nobody gave whether the token endpoint is one (RFC 6749 §5.2). */
export async function tryTokenEndpoint(
  { document }: FoundServer,
  clientId: string,
  { probe, record }: Examination,
): Promise<void> {
  const url = document.token_endpoint
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: 'a-code-that-was-never-given',
    client_id: clientId,
    redirect_uri: 'http://127.0.0.1/callback',
    code_verifier: 'a-code-verifier-for-a-code-that-was-never-given',
  })
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  }
  const answer = await probe({ url, method: 'POST', headers, body: body.toString() })
  const error = toOAuthError(answer)
  if (error !== undefined)
    return record(well('token', `it answers: ${error.error} for no code, as it should`))
  const cause =
    'no token endpoint answers here: missing route, or a front end that answers by itself'
  record(failed('token', `POST ${url}: ${describeRefusal(answer)}`, { cause, remedy: [] }))
}
