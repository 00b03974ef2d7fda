import { createHash } from 'node:crypto'
import type { TestProxy } from './proxy.ts'

export const LOOPBACK = 'http://127.0.0.1:33418/cb'
export const VERIFIER = 'v'.repeat(43)
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

/** The query of a good authorization request; undefined takes a parameter out. */
export function authorizeQuery(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: 'gh',
    redirect_uri: LOOPBACK,
    state: 'st1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  }
  return formOf(parameters).toString()
}

/** A form of the members that are there. */
export function formOf(members: Readonly<Record<string, string | undefined>>): URLSearchParams {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) form.append(name, value)
  }
  return form
}

/** The cookies that a response sets, as a Cookie header. */
export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
}

/** The Location of a redirect. */
export function locationOf(response: Response): URL {
  const location = response.headers.get('location')
  if (location === null) throw new Error(`No Location in a ${response.status}`)
  return new URL(location)
}

/** Goes from authorize over the provider back to the client, and gives our code and its answer URL. */
export async function obtainCode(
  proxy: TestProxy,
  options: {
    readonly path?: string
    readonly query?: Readonly<Record<string, string | undefined>>
  } = {},
): Promise<{ readonly code: string; readonly answer: URL }> {
  const path = options.path ?? '/gh/authorize'
  const started = await proxy.fetch(`${path}?${authorizeQuery(options.query)}`)
  const provider = locationOf(started)
  const callback = new URL(provider.searchParams.get('redirect_uri') ?? '')
  callback.searchParams.set('code', 'provider-code')
  callback.searchParams.set('state', provider.searchParams.get('state') ?? '')
  const answered = await proxy.fetch(callback.href, { headers: { cookie: cookiesOf(started) } })
  const answer = locationOf(answered)
  return { code: answer.searchParams.get('code') ?? '', answer }
}

/** Posts a form. */
export function postForm(
  proxy: TestProxy,
  path: string,
  members: Readonly<Record<string, string | undefined>>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return proxy.fetch(path, { method: 'POST', body: formOf(members), headers })
}

/** Redeems a code as the client would. */
export function redeem(
  proxy: TestProxy,
  code: string,
  changes: Readonly<Record<string, string | undefined>> = {},
  path = '/gh/token',
  headers: Record<string, string> = {},
): Promise<Response> {
  const members = {
    grant_type: 'authorization_code',
    client_id: 'gh',
    code,
    redirect_uri: LOOPBACK,
    code_verifier: VERIFIER,
    ...changes,
  }
  return postForm(proxy, path, members, headers)
}
