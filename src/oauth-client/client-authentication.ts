import { importJWK, importPKCS8, type JWK } from 'jose'
import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import type { PrivateKeyConfig, ProviderClient } from '../config/config.ts'

/** A private key that does not say how to sign with it, or is none. */
export class PrivateKeyError extends Error {
  override readonly name = 'PrivateKeyError'
}

/** How our client shows at a provider that it is it (RFC 6749 §2.3, RFC 7523 §2.2). */
export async function authenticationOf(
  client: ProviderClient,
  privateKey: PrivateKeyConfig | undefined,
): Promise<oauth.ClientAuth> {
  const { clientSecret, method } = client
  if (method === 'private_key_jwt' && privateKey !== undefined) {
    const { key, keyId } = await importPrivateKey(privateKey)
    return oauth.PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId })
  }
  if (clientSecret === undefined || method === 'none') return oauth.None()
  return method === 'client_secret_basic'
    ? basicAuthentication(clientSecret)
    : oauth.ClientSecretPost(clientSecret)
}

/**
 * HTTP Basic, form-encoded as RFC 6749 §2.3.1 has it and no further: providers that do not decode
 * must find ids such as `my-app` as they are.
 */
function basicAuthentication(secret: string): oauth.ClientAuth {
  return (...[, { client_id: id }, , headers]) => {
    headers.set('Authorization', `Basic ${btoa(`${formEncode(id)}:${formEncode(secret)}`)}`)
  }
}

function formEncode(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice(2)
}

/** A key that signs, and what tells it from others. */
export interface SigningKey {
  readonly key: CryptoKey
  readonly keyId?: string
  readonly algorithm: string
}

const Members = v.looseObject({ kty: v.string(), d: v.string() })
const PrivateJwk = v.custom<JWK>((value) => v.is(Members, value))

/** The key of a configuration; throws a PrivateKeyError with what would be right. */
export async function importPrivateKey(config: PrivateKeyConfig): Promise<SigningKey> {
  const jwk = parseJwk(config.text)
  const keyId = config.keyId ?? jwk?.kid
  for (const algorithm of algorithmsOf(config, jwk)) {
    const key = await importAs(algorithm, config.text, jwk)
    if (key !== undefined) return { key, algorithm, ...(keyId === undefined ? {} : { keyId }) }
  }
  throw new PrivateKeyError(
    'The client_private_key can not be used: want PKCS#8 PEM or a JWK, of the kind that token_endpoint_auth_signing_alg names',
  )
}

function parseJwk(text: string): JWK | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const parsed = v.safeParse(PrivateJwk, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** The named algorithm, else those that a key of each kind is for. */
function algorithmsOf({ algorithm }: PrivateKeyConfig, jwk: JWK | undefined) {
  const named = algorithm ?? jwk?.alg
  return named === undefined ? ['ES256', 'RS256', 'EdDSA', 'ES384'] : [named]
}

async function importAs(algorithm: string, text: string, jwk: JWK | undefined) {
  try {
    if (jwk === undefined) return await importPKCS8(text, algorithm)
    const key = await importJWK(jwk, algorithm)
    return key instanceof CryptoKey ? key : undefined
  } catch {
    return undefined
  }
}
