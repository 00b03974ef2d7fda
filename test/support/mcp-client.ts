import {
  type OAuthClientProvider,
  UnauthorizedError,
} from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type {
  OAuthClientInformationFull,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js'
import { type Browser, createBrowser } from './browser.ts'

const REDIRECT_URI = 'http://127.0.0.1:33418/callback'

/** The SDK's client, signed in, and what it kept. */
export interface SignedIn {
  readonly client: Client
  readonly browser: Browser
  readonly tokens: () => OAuthTokens | undefined
  /** What the client itself asked for, as `METHOD /path`. */
  readonly requests: readonly string[]
  /** Where it asked. */
  readonly origins: readonly string[]
}

/** Signs in with the official SDK's client and its own auth(), a headless browser playing the user. */
export async function signIn(
  url: string,
  options: {
    readonly transport?: 'http' | 'sse'
    /** The paths that the client is told are not there. */
    readonly missing?: RegExp
    readonly fetch?: typeof globalThis.fetch
  } = {},
): Promise<SignedIn> {
  const { fetch = globalThis.fetch } = options
  const browser = createBrowser({ fetch })
  const requests: string[] = []
  const origins: string[] = []
  const { provider, tokens, authorizationUrl } = createClientProvider()
  const send: typeof fetch = async (input, init) => {
    const asked = new URL(input instanceof Request ? input.url : input)
    origins.push(asked.origin)
    requests.push(`${init?.method ?? 'GET'} ${asked.pathname}`)
    if (options.missing?.test(asked.pathname)) return new Response('Not found', { status: 404 })
    return fetch(input, init)
  }
  const connect = () => {
    const settings = { authProvider: provider, fetch: send }
    return options.transport === 'sse'
      ? new SSEClientTransport(new URL(url), settings)
      : new StreamableHTTPClientTransport(new URL(url), settings)
  }
  const first = connect()
  await new Client({ name: 'test', version: '1' }).connect(first).then(
    () => Promise.reject(new Error('Came in without signing in')),
    (error: unknown) => (error instanceof UnauthorizedError ? undefined : Promise.reject(error)),
  )
  const answer = await browser.visit(authorizationUrl(), (at) => at.href.startsWith(REDIRECT_URI))
  const code = answer.searchParams.get('code')
  if (code === null)
    throw new Error(`Not signed in: ${answer.searchParams.get('error_description')}`)
  await first.finishAuth(code)
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(connect())
  return { client, browser, tokens, requests, origins }
}

function createClientProvider() {
  let information: OAuthClientInformationFull | undefined
  let tokens: OAuthTokens | undefined
  let codeVerifier = ''
  let location = ''
  const provider: OAuthClientProvider = {
    redirectUrl: REDIRECT_URI,
    clientMetadata: {
      client_name: 'Test client',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    state: () => 'the-state-of-the-client',
    clientInformation: () => information,
    saveClientInformation: (given) => {
      information = { redirect_uris: [REDIRECT_URI], ...given }
    },
    tokens: () => tokens,
    saveTokens: (given) => {
      tokens = given
    },
    redirectToAuthorization: (url) => {
      location = url.href
    },
    saveCodeVerifier: (given) => {
      codeVerifier = given
    },
    codeVerifier: () => codeVerifier,
  }
  return { provider, tokens: () => tokens, authorizationUrl: () => location }
}
