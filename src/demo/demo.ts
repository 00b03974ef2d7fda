import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { OAuthError } from '../oauth/error.ts'
import { readForm } from '../request/oauth-body.ts'
import { createRandomString } from '../sealing/base64url.ts'
import { checkClientAuthentication } from './client-authentication.ts'
import { formatErrorPage, formatLoginPage, PAGE_HEADERS } from './login-page.ts'
import { createMcp } from './mcp.ts'
import { createSignIn } from './sign-in.ts'
import { createTokenEndpoint, DEMO_SCOPE } from './token-endpoint.ts'
import { wait } from './wait.ts'

const MAX_BODY = 64 * 1024 // bytes

/** A running demo, and the credentials of the one client that its provider knows. */
export interface Demo {
  readonly fetch: (request: Request) => Promise<Response>
  readonly clientId: string
  readonly clientSecret: string
}

/** An MCP server at `/mcp` and the OAuth provider that protects it, both at one loopback origin. */
export function createDemo(options: { origin: string; now: () => number }): Demo {
  const { now } = options
  const { origin } = new URL(options.origin)
  const client = {
    clientId: `demo-${createRandomString(8)}`,
    clientSecret: createRandomString(32),
  }
  const { clientId } = client
  const { issueCode, token, findSession } = createTokenEndpoint(now)
  const signIn = createSignIn({ issuer: origin, clientId, issueCode, now })
  const mcp = createMcp({ findSession, now, wait })

  const app = new Hono()
  app.use((c, next) => {
    const refusal = checkOrigin(c.req.raw, origin)
    return refusal === undefined ? next() : Promise.resolve(refusal)
  })
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: (c) => c.text('Body is too large', 413) }))
  app.onError(answerError)

  app.get('/.well-known/oauth-authorization-server', (c) => c.json(createMetadata(origin)))
  app.get('/authorize', (c) => {
    const answer = signIn.authorize(new URL(c.req.url).searchParams)
    if (answer.kind === 'redirect') return c.redirect(answer.location, 303)
    return c.html(formatLoginPage(answer.transaction), 200, PAGE_HEADERS)
  })
  app.post('/login', async (c) => c.redirect(signIn.login(await readForm(c.req.raw)), 303))
  app.post('/token', async (c) => {
    const form = await readForm(c.req.raw)
    await checkClientAuthentication(client, c.req.raw.headers.get('authorization'), form)
    return c.json(await token(form), 200, NO_STORE)
  })
  app.post('/mcp', (c) => mcp(c.req.raw))
  app.all('/mcp', (c) => c.body(null, 405, { Allow: 'POST' }))

  return { ...client, fetch: async (request) => app.fetch(request) }
}

const NO_STORE = { 'Cache-Control': 'no-store' }

/** Refuses what a foreign page could send to loopback, by DNS rebinding or by a form. */
function checkOrigin(request: Request, origin: string): Response | undefined {
  if (new URL(request.url).origin !== origin) return new Response(null, { status: 421 })
  const sender = request.method === 'POST' ? request.headers.get('origin') : null
  if (sender !== null && sender !== origin) return new Response(null, { status: 403 })
  return undefined
}

function answerError(error: Error, c: Context) {
  if (!(error instanceof OAuthError)) throw error
  if (c.req.path !== '/token') return c.html(formatErrorPage(error.message), 400, PAGE_HEADERS)
  const body = { error: error.code, error_description: error.message }
  if (error.code !== 'invalid_client') return c.json(body, 400, NO_STORE)
  return c.json(body, 401, { ...NO_STORE, 'WWW-Authenticate': 'Basic realm="demo"' })
}

/** Authorization server metadata (RFC 8414 §2, RFC 9207 §3). */
function createMetadata(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    scopes_supported: [DEMO_SCOPE],
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  }
}
