/** Base64url without padding (RFC 4648 §5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** A fresh random string of so many bytes, base64url. */
export function createRandomString(bytes: number): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(bytes)))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Whether a base64url string is the one spelling of its bytes: no padding, no stray last bits. */
export function isCanonicalBase64Url(text: string): boolean {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return false
  const rest = text.length % 4
  if (rest === 0) return true
  if (rest === 1) return false
  const unusedBits = rest === 2 ? 0b1111 : 0b11
  return (ALPHABET.indexOf(text.slice(-1)) & unusedBits) === 0
}
