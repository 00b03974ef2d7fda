import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { createBrowser } from './browser.ts'

/** Where codes come to. */
export const REDIRECT_URI = 'http://127.0.0.1:33419/callback'

/** Signs in with the SDK's second generation, which checks issuers and the `iss` of the answer. */
export async function signInModern(
  url: string,
  options: {
    readonly fetch?: typeof globalThis.fetch
    /** The paths that the client is told are not there. */
    readonly missing?: RegExp
  } = {},
): Promise<Client> {
  const { fetch = globalThis.fetch, missing } = options
  const { provider, authorizationUrl } = createProvider()
  const connect = async (transport: StreamableHTTPClientTransport) => {
    const client = new Client(
      { name: 'modern', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    )
    await client.connect(transport)
    return client
  }
  const send: typeof fetch = async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    return missing?.test(pathname) ? new Response('Not found', { status: 404 }) : fetch(input, init)
  }
  const transport = () =>
    new StreamableHTTPClientTransport(new URL(url), { authProvider: provider, fetch: send })
  const first = transport()
  await connect(first).then(
    () => Promise.reject(new Error('Came in without signing in')),
    (error: unknown) => (error instanceof UnauthorizedError ? undefined : Promise.reject(error)),
  )
  const answer = await createBrowser({ fetch }).visit(authorizationUrl(), (at) =>
    at.href.startsWith(REDIRECT_URI),
  )
  await first.finishAuth(answer.searchParams)
  return connect(transport())
}

/** What the SDK keeps of a sign-in, and where it wants to send the browser. */
export function createProvider() {
  let information: OAuthClientInformationMixed | undefined
  let tokens: OAuthTokens | undefined
  let codeVerifier = ''
  let location = ''
  const provider: OAuthClientProvider = {
    redirectUrl: REDIRECT_URI,
    clientMetadata: { client_name: 'Modern', redirect_uris: [REDIRECT_URI] },
    state: () => 'a-state',
    clientInformation: () => information,
    saveClientInformation: (given) => {
      information = given
    },
    tokens: () => tokens,
    saveTokens: (given) => {
      tokens = given
    },
    redirectToAuthorization: (to) => {
      location = to.href
    },
    saveCodeVerifier: (given) => {
      codeVerifier = given
    },
    codeVerifier: () => codeVerifier,
  }
  return { provider, authorizationUrl: () => location }
}
