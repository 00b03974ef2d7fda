import { once } from 'node:events'
import { createServer } from 'node:http'
import { createLocalJWKSet, jwtVerify } from 'jose'
import Provider from 'oidc-provider'
import { portOf } from './proxy.ts'

/** A real provider on loopback. */
export interface RealProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** How many tokens it has granted, by grant type. */
  readonly granted: ReadonlyMap<string, number>
  /** Lets the proxy's client come back to these addresses. */
  open(redirectUris: readonly string[]): Promise<void>
  /** Whether an access token is valid now, and for this resource. */
  isValid(accessToken: string, resource: string): Promise<boolean>
  close(): Promise<void>
}

const CLIENT_ID = 'proxy'
const CLIENT_SECRET = 'a-secret-that-only-provider-and-proxy-know'

/** What a provider is like beyond that. */
export interface ProviderShape {
  /** Lets anybody register (RFC 7591). */
  readonly registers?: boolean
  /** Fetches metadata documents of clients, by this fetch. */
  readonly fetchDocument?: typeof globalThis.fetch
  /** The ways in which clients may authenticate. */
  readonly methods?: readonly string[]
  /** Gives every refresh token once. */
  readonly rotates?: boolean
}

/** Starts npm oidc-provider with a confidential client, refresh tokens and resource indicators. */
export async function startOidcProvider(
  accessTokenLifetime: number,
  shape: ProviderShape = {},
): Promise<RealProvider> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${portOf(server)}`
  const granted = new Map<string, number>()
  return {
    issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    granted,
    async open(redirectUris) {
      const provider = createProvider({ issuer, redirectUris, accessTokenLifetime, shape })
      provider.on('grant.success', (context) => {
        const grantType = String(context.oidc.params?.['grant_type'])
        granted.set(grantType, (granted.get(grantType) ?? 0) + 1)
      })
      server.on('request', provider.callback())
    },
    async isValid(accessToken, resource) {
      const keys = await (await fetch(`${issuer}/jwks`)).json()
      return jwtVerify(accessToken, createLocalJWKSet(keys), { issuer, audience: resource }).then(
        () => true,
        () => false,
      )
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function createProvider(of: {
  issuer: string
  redirectUris: readonly string[]
  accessTokenLifetime: number
  shape: ProviderShape
}): Provider {
  const { registers = false, fetchDocument, methods, rotates } = of.shape
  return new Provider(of.issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [...of.redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    cookies: { keys: ['test'] },
    ...(methods === undefined ? {} : { clientAuthMethods: [...methods] }),
    ...(rotates === undefined ? {} : { rotateRefreshToken: rotates }),
    ...(fetchDocument === undefined ? {} : { fetch: fetchDocument }),
    issueRefreshToken: async () => true,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: true },
      registration: { enabled: registers },
      revocation: { enabled: true },
      ...(fetchDocument === undefined
        ? {}
        : { clientIdMetadataDocument: { enabled: true, ack: 'draft-02' } }),
      resourceIndicators: {
        enabled: true,
        useGrantedResource: async () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'mcp',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: of.accessTokenLifetime,
        }),
      },
    },
  })
}
