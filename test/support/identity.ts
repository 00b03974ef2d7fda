import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { Credential, IdentityRules } from '../../src/config/config.ts'
import type { FetchGuarded, GuardedAnswer } from '../../src/http/guarded-fetch.ts'
import type { Server } from '../../src/registry.ts'
import { authorizeQuery, cookiesOf, locationOf, redeem } from './flow.ts'
import { openServer, startProxy } from './proxy.ts'

const ISSUER = 'https://id.example.com'

/** A server whose users sign in at an identity provider. */
function identityServer(rules: Partial<IdentityRules>, credential: Credential): Server {
  return {
    ...openServer('gh'),
    credential,
    access: {
      kind: 'sign-in',
      tokens: 'sealed',
      callback: 'own',
      identity: { emails: [], domains: [], groups: [], ...rules },
      provider: {
        key: 'identity_providers.corp',
        issuer: ISSUER,
        namesIssuer: false,
        client: { clientId: 'us', clientSecret: 'secret', method: 'client_secret_basic' },
        scopes: ['openid', 'email'],
        authorizationParams: {},
        tokenParams: {},
      },
    },
  }
}

/** What the identity provider says of who signs in; `nonce` is that of the flow unless named here. */
export type Claims = JWTPayload & { readonly nonce?: string }

/** A proxy, an identity provider whose ID tokens say what they are told to, and an upstream. */
export async function startWithIdentity(options: {
  readonly rules: Partial<IdentityRules>
  readonly credential?: Credential
  readonly exchange?: (form: Readonly<Record<string, string>>) => Response
}) {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const key = { ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'k' }
  let idToken = ''
  const exchanges: Readonly<Record<string, string>>[] = []
  const sent: (string | undefined)[] = []
  const fetchGuarded: FetchGuarded = async ({ url, body = '' }) => {
    if (url.endsWith('/jwks')) return json({ keys: [key] })
    if (url.includes('/.well-known/')) return json(METADATA)
    const form = Object.fromEntries(new URLSearchParams(body))
    return json({
      access_token: 'corp-access',
      token_type: 'Bearer',
      expires_in: 600,
      refresh_token: 'corp-refresh',
      ...(form['grant_type'] === 'refresh_token' ? {} : { id_token: idToken }),
    })
  }
  const proxy = await startProxy({
    servers: [identityServer(options.rules, options.credential ?? { kind: 'none' })],
    fetchGuarded,
    fetch: async (input, init) => {
      const form = Object.fromEntries(new URLSearchParams(await new Request(input, init).text()))
      exchanges.push(form)
      return (
        options.exchange?.(form) ?? Response.json({ access_token: `for-${form['subject_token']}` })
      )
    },
    upstream: async ({ headers }) => {
      sent.push(headers.find(([name]) => name === 'authorization')?.[1])
      return { status: 200, headers: [], body: null }
    },
  })
  /** Signs somebody in, and gives the answer of the token endpoint. */
  const signIn = async (claims: Claims): Promise<Response> => {
    const started = await proxy.fetch(`/gh/authorize?${authorizeQuery()}`)
    const asked = locationOf(started).searchParams
    idToken = await new SignJWT({ nonce: asked.get('nonce') ?? undefined, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuer(claims.iss ?? ISSUER)
      .setAudience(claims.aud ?? 'us')
      .setSubject(claims.sub ?? 'ada')
      .setIssuedAt()
      .setExpirationTime(claims.exp ?? '5m')
      .sign(privateKey)
    const callback = `/gh/callback?code=c&state=${asked.get('state')}`
    const answered = await proxy.fetch(callback, { headers: { cookie: cookiesOf(started) } })
    return redeem(proxy, locationOf(answered).searchParams.get('code') ?? '')
  }
  return { proxy, signIn, exchanges, sent }
}

const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  code_challenge_methods_supported: ['S256'],
}

function json(body: unknown): GuardedAnswer {
  const headers = new Headers({ 'content-type': 'application/json' })
  return {
    kind: 'answered',
    status: 200,
    headers,
    text: JSON.stringify(body),
    address: '93.184.215.14',
  }
}
