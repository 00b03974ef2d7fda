import { encodeBase64Url } from './base64url.ts'

/** What a sealed string is for; each purpose has a key of its own, so none opens as another. */
export type Purpose =
  | 'code'
  | 'access-token'
  | 'refresh-token'
  | 'flow'
  | 'consent'
  | 'client-secret'
  | 'message-endpoint'
  | 'successor'
  | 'renewed'
  | 'client'
  | 'approval'

/** The keys of one secret: its public name and a key for each purpose. */
export interface SecretKeys {
  readonly kid: string
  keyFor(purpose: Purpose): Promise<Uint8Array>
}

/** The secrets in force: the first seals, all open (rotation). */
export interface KeyRing {
  readonly sealing: SecretKeys
  readonly all: readonly SecretKeys[]
  find(kid: string): SecretKeys | undefined
}

/** Derives the ring from the configured secrets by HKDF-SHA-256 (RFC 5869); needs at least one. */
export async function createKeyRing(secrets: readonly string[]): Promise<KeyRing> {
  const all = await Promise.all(secrets.map(createSecretKeys))
  const [sealing] = all
  if (sealing === undefined) throw new Error('Cannot create key ring: found no secret')
  const byKid = new Map(all.map((keys) => [keys.kid, keys]))
  return { sealing, all, find: (kid) => byKid.get(kid) }
}

async function createSecretKeys(secret: string): Promise<SecretKeys> {
  const material = new TextEncoder().encode(secret)
  const base = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveBits'])
  const derived = new Map<Purpose, Promise<Uint8Array>>()
  return {
    kid: encodeBase64Url((await derive(base, 'kid')).subarray(0, 6)),
    keyFor(purpose) {
      const key = derived.get(purpose) ?? derive(base, `purpose:${purpose}`)
      derived.set(purpose, key)
      return key
    },
  }
}

async function derive(base: CryptoKey, info: string): Promise<Uint8Array> {
  const encoder = new TextEncoder()
  const bits = await crypto.subtle.deriveBits(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: encoder.encode('mcp-oauth-proxy/1'),
      info: encoder.encode(info),
    },
    base,
    256,
  )
  return new Uint8Array(bits)
}
