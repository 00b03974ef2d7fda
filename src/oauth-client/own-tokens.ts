import type { Credential, ProviderConfig, TokenCacheConfig } from '../config/config.ts'
import { OFFLINE } from '../oauth/scope.ts'
import type { Server } from '../registry.ts'
import { digestOf } from '../sealing/digest.ts'
import { scopeFor } from './authorization-url.ts'
import type { Providers } from './providers.ts'
import { type CachedToken, createTokenCache } from './token-cache.ts'
import { type ProviderAccess, requestToken, type TokenResult } from './token-request.ts'

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

type Machine = Extract<Credential, { kind: 'machine' }>
type Exchange = Extract<Credential, { kind: 'exchange' }>

/** Tokens that the proxy gets for itself, not for a client to hold. */
export interface OwnTokens {
  /** The token of a server's client (RFC 6749 §4.4); `refused` is one that upstream did not take. */
  ofMachine(server: Server, credential: Machine, refused?: string): Promise<CachedToken>
  /** The token that a user's is exchanged for (RFC 8693, or Entra ID's on-behalf-of). */
  ofUser(
    server: Server,
    credential: Exchange,
    of: { readonly subjectToken: string; readonly refused?: string },
  ): Promise<CachedToken>
  /** One token by hand, past the cache. */
  fetchMachineToken(credential: Machine): Promise<TokenResult>
}

interface Dependencies {
  readonly providers: Providers
  readonly tokenCache: TokenCacheConfig
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Caches over token requests; what a token was asked for with is part of its key. */
export function createOwnTokens({ providers, tokenCache, now }: Dependencies): OwnTokens {
  const machines = createTokenCache(tokenCache, now)
  // As LiteLLM has it: there are as many of these as users.
  const exchanged = createTokenCache(
    { ...tokenCache, maxSize: Math.max(500, tokenCache.maxSize) },
    now,
  )
  const fetchMachineToken = (credential: Machine) => requestMachineToken(providers, credential)
  return {
    fetchMachineToken,
    async ofMachine(server, credential, refused) {
      const key = await keyOf(server, credential.provider)
      const fetch = () => fetchMachineToken(credential)
      return refused === undefined
        ? machines.get(key, fetch)
        : machines.replace(key, refused, fetch)
    },
    async ofUser(server, credential, { subjectToken, refused }) {
      const { provider, exchange } = credential
      const key = await keyOf(server, provider, subjectToken, exchange.audience, exchange.profile)
      const fetch = () => exchangeToken(providers, credential, subjectToken)
      return refused === undefined
        ? exchanged.get(key, fetch)
        : exchanged.replace(key, refused, fetch)
    },
  }
}

/** No two differ in anything and have one key (THREATS T45); a changed secret has another. */
function keyOf(
  { name }: Server,
  { client, tokenUrl, scopes, tokenParams, resource, privateKey }: ProviderConfig,
  ...more: readonly (string | undefined)[]
): Promise<string> {
  return digestOf(
    JSON.stringify([name, client, tokenUrl, scopes, tokenParams, resource, privateKey, ...more]),
  )
}

async function requestMachineToken(
  providers: Providers,
  { provider: config }: Machine,
): Promise<TokenResult> {
  const access = await findAccess(providers, config)
  if (!('provider' in access)) return access
  // offline_access is for users; a machine asks again.
  const scopes = access.provider.scopes.filter((scope) => scope !== OFFLINE)
  const scope = scopeFor(access, config.scopes.length > 0 ? config.scopes : scopes)
  return requestToken(access, 'client_credentials', scope === '' ? {} : { scope })
}

async function findAccess(
  providers: Providers,
  config: ProviderConfig,
): Promise<ProviderAccess | Exclude<TokenResult, { kind: 'granted' }>> {
  const found = await providers.find(config, 'token')
  if (found.kind === 'failed') return { kind: 'failed', cause: found.error.message }
  const { client } = config
  if (client === undefined) return { kind: 'failed', cause: 'no client_id is configured' }
  return { provider: found.provider, client }
}

async function exchangeToken(
  providers: Providers,
  { provider: config, exchange }: Exchange,
  subjectToken: string,
): Promise<TokenResult> {
  const access = await findAccess(providers, config)
  if (!('provider' in access)) return access
  const scope = scopeFor(access, config.scopes)
  const common = scope === '' ? {} : { scope }
  if (exchange.profile === 'entra_obo') {
    const onBehalf = { assertion: subjectToken, requested_token_use: 'on_behalf_of' }
    return requestToken(access, JWT_BEARER, { ...common, ...onBehalf })
  }
  return requestToken(access, TOKEN_EXCHANGE, {
    ...common,
    subject_token: subjectToken,
    subject_token_type: exchange.subjectTokenType,
    requested_token_type: ACCESS_TOKEN,
    ...(exchange.audience === undefined ? {} : { audience: exchange.audience }),
  })
}
