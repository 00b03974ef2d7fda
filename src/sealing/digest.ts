import { encodeBase64Url } from './base64url.ts'

/** SHA-256 of a text, base64url. */
export async function digestOf(text: string): Promise<string> {
  return encodeBase64Url(await sha256(text))
}

/** Whether a text has this SHA-256, given in hexadecimal; in constant time. */
export async function hasSha256(text: string, hexadecimal: string): Promise<boolean> {
  const digest = await sha256(text)
  const expected = Array.from(digest, (_, at) =>
    Number.parseInt(hexadecimal.slice(2 * at, 2 * at + 2), 16),
  )
  // Every byte is looked at, wherever the first difference is.
  const difference = digest.reduce((sum, byte, at) => sum | (byte ^ (expected[at] ?? -1)), 0)
  return difference === 0
}

/** SHA-256 of a text, hexadecimal. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await sha256(text)
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
