import type { Config, ProviderConfig } from '../../src/config/config.ts'
import { authorizeQuery, cookiesOf, formOf, locationOf } from './flow.ts'
import { createInternet, type Internet, type Page, type Site } from './internet.ts'
import { oauthServer, startProxy, type TestProxy } from './proxy.ts'

export const MCP = 'https://mcp.example.com/v1/mcp'
export const ROOT_METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource'
export const PATH_METADATA = `${ROOT_METADATA}/v1/mcp`
export const ISSUER = 'https://id.example.com'
export const ISSUER_METADATA = `${ISSUER}/.well-known/oauth-authorization-server`
export const REGISTRATION = `${ISSUER}/register`
export const TOKEN = `${ISSUER}/token`

export const NOT_FOUND: Page = { status: 404 }

/** A provider of which the operator wrote down no more than the server's URL. */
export const UNKNOWN: ProviderConfig = {
  key: 'gh',
  resourceUrl: MCP,
  namesIssuer: false,
  scopes: [],
  authorizationParams: {},
  tokenParams: {},
}

/** Protected resource metadata of the MCP server. */
export const RESOURCE = { resource: MCP, authorization_servers: [ISSUER] }

/** Metadata of a provider that can do all that is wanted. */
export function providerAt(issuer: string, changes: Readonly<Record<string, unknown>> = {}) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    code_challenge_methods_supported: ['S256'],
    ...changes,
  }
}

/** A protected MCP server's answer to whoever comes without a token. */
export function challenge(header = `Bearer resource_metadata="${PATH_METADATA}"`): Page {
  return { status: 401, headers: { 'www-authenticate': header } }
}

/** A registration endpoint: gives out `registered-1`, `registered-2`, …. */
export function registration(changes: Readonly<Record<string, unknown>> = {}): Site {
  let count = 0
  return () => {
    count += 1
    return {
      status: 201,
      body: { client_id: `registered-${count}`, token_endpoint_auth_method: 'none', ...changes },
    }
  }
}

/** A token endpoint: gives out `access-1` with `refresh-1`, …. */
export function tokens(): Site {
  let count = 0
  return () => {
    count += 1
    return {
      body: {
        access_token: `access-${count}`,
        token_type: 'Bearer',
        expires_in: 600,
        refresh_token: `refresh-${count}`,
      },
    }
  }
}

/** The pages of an MCP server and its provider, as the specifications have them. */
export function usualPages(): Record<string, Site> {
  return {
    [MCP]: challenge(),
    [PATH_METADATA]: { body: RESOURCE },
    [ROOT_METADATA]: NOT_FOUND,
    [ISSUER_METADATA]: { body: providerAt(ISSUER) },
    [REGISTRATION]: registration(),
    [TOKEN]: tokens(),
  }
}

/** A proxy in front of a server of which it knows the URL, and the internet it finds the rest in. */
export async function startDiscovering(
  options: {
    readonly pages?: Readonly<Record<string, Site>>
    readonly addresses?: Readonly<Record<string, string>>
    readonly provider?: Partial<ProviderConfig>
    readonly config?: Partial<Config>
    readonly internet?: Internet
  } = {},
): Promise<{ readonly proxy: TestProxy; readonly internet: Internet }> {
  const pages = { ...usualPages(), ...options.pages }
  const internet = options.internet ?? createInternet(pages, options.addresses)
  const provider = { ...UNKNOWN, ...options.provider }
  const proxy = await startProxy({
    servers: [oauthServer('gh', { provider }, { url: provider.resourceUrl ?? MCP })],
    config: options.config ?? {},
    fetchGuarded: internet.fetchGuarded,
    fetch: (url) => Promise.reject(new Error(`Asked without a guard: ${url}`)),
  })
  return { proxy, internet }
}

/** Where the browser is sent to sign in. */
export async function signIn(
  proxy: TestProxy,
  query: Readonly<Record<string, string | undefined>> = {},
  base = '',
): Promise<URL> {
  return locationOf(await proxy.fetch(`${base}/gh/authorize?${authorizeQuery(query)}`))
}

/** The error and its description that the client is told at its redirect URI. */
export async function refusalOf(proxy: TestProxy): Promise<string> {
  const { origin, searchParams } = await signIn(proxy)
  const told = `${searchParams.get('error')}: ${searchParams.get('error_description')}`
  return origin === 'http://127.0.0.1:33418' ? told : `sent to ${origin}`
}

/** How often each of these was asked for. */
export function countOf({ asked }: Internet, request: string): number {
  return asked.filter((one) => one === request).length
}

/** Comes back from the provider with a code, and what it says its issuer is. */
export async function answerAs(proxy: TestProxy, iss: string | undefined): Promise<Response> {
  const started = await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)
  const { searchParams } = locationOf(started)
  const callback = new URL(searchParams.get('redirect_uri') ?? '')
  const query = formOf({ code: 'provider-code', state: searchParams.get('state') ?? '', iss })
  return proxy.fetch(`${callback.href}?${query}`, { headers: { cookie: cookiesOf(started) } })
}
