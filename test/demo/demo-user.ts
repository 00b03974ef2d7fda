import * as v from 'valibot'
import { createDemo, type Demo } from '../../src/demo/demo.ts'
import { createCodeChallenge } from '../../src/oauth/pkce.ts'

export const ORIGIN = 'http://127.0.0.1:34567'
export const CALLBACK = 'http://127.0.0.1:4000/demo/callback'
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

/** A demo, a clock that tests turn, and what a browser and a client do with it. */
export function createDemoUser() {
  const clock = { time: 1_000_000_000_000 }
  const demo = createDemo({ origin: ORIGIN, now: () => clock.time })
  return { demo, clock, ...createBrowser(demo), ...createClient(demo) }
}

type Changes = Readonly<Record<string, string | undefined>>

function createBrowser(demo: Demo) {
  async function authorize(changes: Changes = {}, more = ''): Promise<Response> {
    const query = encode({
      client_id: demo.clientId,
      redirect_uri: CALLBACK,
      response_type: 'code',
      code_challenge: await createCodeChallenge(VERIFIER),
      code_challenge_method: 'S256',
      state: 'state of "<client>"',
      ...changes,
    })
    return demo.fetch(new Request(`${ORIGIN}/authorize?${query}${more}`))
  }

  async function login(changes: Changes = {}): Promise<Response> {
    const page = await (await authorize()).text()
    const transaction = /name="transaction" value="([^"]+)"/.exec(page)?.[1]
    const form = { transaction, name: 'Ada', action: 'sign-in', ...changes }
    return post(demo, '/login', { form })
  }

  async function fetchCode(changes: Changes = {}): Promise<string> {
    const location = new URL((await login(changes)).headers.get('location') ?? '')
    return location.searchParams.get('code') ?? ''
  }

  return { authorize, login, fetchCode }
}

const TokenResponse = v.object({ access_token: v.string(), refresh_token: v.string() })

function createClient(demo: Demo) {
  const basic = { Authorization: `Basic ${btoa(`${demo.clientId}:${demo.clientSecret}`)}` }

  function redeem(code: string, changes: Changes = {}, headers: HeadersInit = basic) {
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      code_verifier: VERIFIER,
      ...changes,
    }
    return post(demo, '/token', { form, headers })
  }

  function refresh(refresh_token: string) {
    const form = { grant_type: 'refresh_token', refresh_token }
    return post(demo, '/token', { form, headers: basic })
  }

  async function fetchTokens(code: string) {
    return parseTokens(await redeem(code))
  }

  return { redeem, refresh, fetchTokens }
}

/** The tokens of a token response. */
export async function parseTokens(response: Response) {
  return v.parse(TokenResponse, await response.json())
}

function post(demo: Demo, path: string, { form, headers = {} }: Post) {
  const body = encode(form)
  return demo.fetch(new Request(`${ORIGIN}${path}`, { method: 'POST', body, headers }))
}

interface Post {
  readonly form: Changes
  readonly headers?: HeadersInit
}

function encode(values: Changes): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, value)
  }
  return query
}

/** A POST of JSON to the MCP endpoint. */
export function createMcpRequest(token: string, body: unknown, headers: HeadersInit = {}): Request {
  return new Request(`${ORIGIN}/mcp`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    },
  })
}

/** A `tools/call` request. */
export function callTool(name: string, args: object = {}, _meta?: object) {
  return { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: args, _meta } }
}

/** A demo with Grace signed in, and her POST to the MCP endpoint. */
export async function createSession() {
  const user = createDemoUser()
  const { access_token } = await user.fetchTokens(await user.fetchCode({ name: 'Grace' }))
  return {
    ...user,
    post: (body: unknown, headers?: HeadersInit) =>
      user.demo.fetch(createMcpRequest(access_token, body, headers)),
  }
}

/** The messages of an event stream. */
export async function readEvents(response: Response) {
  const events = (await response.text()).split('\n\n').filter((event) => event !== '')
  return events.map((event) => JSON.parse(event.replace('event: message\ndata: ', '')))
}
