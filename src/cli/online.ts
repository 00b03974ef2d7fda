import type { ProviderConfig, ServerConfig, SignInConfig } from '../config/config.ts'
import { createOwnTokens } from '../oauth-client/own-tokens.ts'
import type { Provider } from '../oauth-client/provider.ts'
import { createProviders, type Providers } from '../oauth-client/providers.ts'
import { requestToken, type TokenResult } from '../oauth-client/token-request.ts'
import type { Platform } from '../platform/platform.ts'
import { type ListedTools, listTools } from './mcp-client.ts'

/** One thing that was asked, and what it showed. */
export interface Finding {
  readonly isWell: boolean
  readonly text: string
  /** The keys to change, and in which entry where that is not the server's own. */
  readonly remedy?: string
  readonly entry?: string
}

/** Asks a server and its provider whether they do what the configuration expects of them. */
export type Inspect = (server: ServerConfig) => Promise<readonly Finding[]>

/** An inspector; it registers nothing and signs nobody in. */
export function createInspector(
  platform: Platform,
  config: Parameters<typeof createOwnTokens>[0]['tokenCache'],
): Inspect {
  const now = Date.now
  const { fetchGuarded } = platform
  const providers = createProviders({ fetch, fetchGuarded, now, log: () => undefined })
  const ownTokens = createOwnTokens({ providers, tokenCache: config, now })
  return async (server) => {
    const { access, credential } = server
    const signIn = access.kind === 'sign-in' ? await inspectSignIn(providers, access) : []
    switch (credential.kind) {
      case 'user':
        return [...(await inspectUrl(server)), ...signIn]
      case 'machine': {
        const result = await ownTokens.fetchMachineToken(credential)
        return [...signIn, ...(await inspectMachine(server, result))]
      }
      case 'static':
        return [...signIn, ...(await inspectTools(server, Object.fromEntries([credential.header])))]
      case 'exchange':
        return [...signIn, ...(await inspectUrl(server))]
      default:
        return [...signIn, ...(await inspectTools(server, {}))]
    }
  }
}

function well(text: string): Finding {
  return { isWell: true, text }
}

function ill(text: string, remedy: string): Finding {
  return { isWell: false, text, remedy }
}

/** A server that a user's token opens: that it refuses who has none is as it should be. */
async function inspectUrl({ url, staticHeaders }: ServerConfig): Promise<readonly Finding[]> {
  if (url === 'builtin:demo') return [well('the demo runs inside the proxy')]
  const answer = await listTools(url, Object.fromEntries(staticHeaders))
  switch (answer.kind) {
    case 'refused':
      return [well(`the MCP server answers, and asks for a token (status ${answer.status})`)]
    case 'listed':
      return [well('the MCP server answers, also without a token')]
    case 'failed':
      return [ill(`the MCP server does not answer as one: ${answer.cause}`, 'url')]
  }
}

async function inspectSignIn(
  providers: Providers,
  { provider: config }: SignInConfig,
): Promise<readonly Finding[]> {
  if (config === 'demo') return []
  const findings = await inspectProvider(providers, config)
  const isShared = config.key.startsWith('identity_providers.')
  return isShared ? findings.map((finding) => ({ ...finding, entry: config.key })) : findings
}

async function inspectProvider(
  providers: Providers,
  config: ProviderConfig,
): Promise<readonly Finding[]> {
  const found = await providers.find(config)
  if (found.kind === 'failed') {
    return [ill(found.error.message, 'issuer, or authorization_url and token_url')]
  }
  const { provider } = found
  const at = provider.issuer ?? provider.authorizationUrl
  if (provider.authorizationUrl === undefined) {
    return [ill(`the provider ${at} has no authorization endpoint`, 'authorization_url')]
  }
  const scopes = provider.scopes.length === 0 ? 'none' : provider.scopes.join(' ')
  return [
    well(`the provider is ${at}, scopes asked for: ${scopes}`),
    await inspectClient(provider, config),
  ]
}

/** A refresh token that nobody gave shows whether the provider knows our client. */
async function inspectClient(provider: Provider, config: ProviderConfig): Promise<Finding> {
  const { client } = config
  if (client === undefined) return describeComing(provider)
  const grant = { refresh_token: 'a-token-that-was-never-given' }
  const result = await requestToken({ provider, client }, 'refresh_token', grant)
  if (result.kind === 'unavailable') {
    return ill(`the token endpoint does not answer: ${result.cause}`, 'token_url')
  }
  if (result.kind === 'failed' && result.isClientUnknown === true) {
    return ill(
      `the provider does not know our client (${result.cause})`,
      'client_id, client_secret, token_endpoint_auth_method',
    )
  }
  return well('the provider knows our client, as far as it tells')
}

function describeComing({ takesClientDocuments, registrationUrl, quirks }: Provider): Finding {
  if (takesClientDocuments) return well('our client is a metadata document, or registers')
  if (registrationUrl !== undefined && quirks.refusesRegistration !== true) {
    return well('our client registers when somebody first signs in')
  }
  return ill('the provider registers no clients', 'client_id, client_secret')
}

async function inspectMachine(
  server: ServerConfig,
  result: TokenResult,
): Promise<readonly Finding[]> {
  if (result.kind !== 'granted') {
    const why = result.kind === 'refused' ? `error ${result.error}` : result.cause
    return [
      ill(`the provider gives no token: ${why}`, 'token_url, client_id, client_secret, scopes'),
    ]
  }
  const authorization = `Bearer ${result.response.access_token}`
  return [well('the provider gives a token'), ...(await inspectTools(server, { authorization }))]
}

async function inspectTools(
  { url, staticHeaders }: ServerConfig,
  credential: Readonly<Record<string, string>>,
): Promise<readonly Finding[]> {
  const answer = await listTools(url, { ...Object.fromEntries(staticHeaders), ...credential })
  return [describeTools(answer)]
}

/** What listing the tools showed. */
export function describeTools(answer: ListedTools): Finding {
  switch (answer.kind) {
    case 'listed':
      return well(`the MCP server lists ${answer.names.length} tools`)
    case 'refused':
      return ill(
        `the MCP server refuses the credential (status ${answer.status})`,
        'auth_type, authentication_token, scopes',
      )
    case 'failed':
      return ill(`the MCP server does not answer as one: ${answer.cause}`, 'url')
  }
}
