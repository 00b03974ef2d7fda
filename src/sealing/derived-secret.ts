import { encodeBase64Url, isCanonicalBase64Url } from './base64url.ts'
import type { KeyRing, SecretKeys } from './key-ring.ts'

/** Secrets that need no storage: each is the HMAC of its name. */
export interface DerivedSecrets {
  secretFor(name: string): Promise<string>
  /** Whether a secret was derived for this name, by any key of the ring; in constant time. */
  isSecretFor(name: string, secret: string): Promise<boolean>
}

/** Client secrets derived from the key ring (HMAC-SHA-256). */
export function createDerivedSecrets(keys: KeyRing): DerivedSecrets {
  return {
    secretFor: async (name) => {
      const key = await importKey(keys.sealing)
      return encodeBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encode(name))))
    },
    async isSecretFor(name, secret) {
      const signature = decode(secret)
      const verdicts = await Promise.all(
        keys.all.map(async (one) =>
          crypto.subtle.verify('HMAC', await importKey(one), signature, encode(name)),
        ),
      )
      return verdicts.includes(true)
    },
  }
}

async function importKey(keys: SecretKeys): Promise<CryptoKey> {
  const key = new Uint8Array(await keys.keyFor('client-secret'))
  return crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** The bytes of a canonical base64url string; none for any other. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  if (!isCanonicalBase64Url(text)) return new Uint8Array()
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
