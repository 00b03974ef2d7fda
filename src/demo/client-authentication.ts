import * as v from 'valibot'
import { OAuthError } from '../oauth/error.ts'
import type { Parameters } from '../oauth/parameters.ts'

/** The one client that the demo provider knows. */
export interface DemoClient {
  readonly clientId: string
  readonly clientSecret: string
}

const Credentials = v.object({ client_id: v.string(), client_secret: v.string() })

/** Accepts the client by `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1). */
export async function checkClientAuthentication(
  client: DemoClient,
  authorization: string | null,
  form: Parameters,
): Promise<void> {
  if (authorization !== null && form.has('client_secret')) {
    throw new OAuthError('invalid_request', 'Unclear client authentication: want one method')
  }
  const sent = authorization === null ? Object.fromEntries(form) : parseBasic(authorization)
  const credentials = v.safeParse(Credentials, sent)
  if (!credentials.success) throw new OAuthError('invalid_client', 'Missing client authentication')
  const { client_id, client_secret } = credentials.output
  const isSecret = await isSameSecret(client_secret, client.clientSecret)
  if (client_id !== client.clientId || !isSecret) {
    throw new OAuthError('invalid_client', 'Unknown client or wrong client secret')
  }
}

function parseBasic(authorization: string): unknown {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1] ?? ''
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(decodeBase64(encoded)) ?? []
  if (id === undefined || secret === undefined) return undefined
  return { client_id: decodeFormValue(id), client_secret: decodeFormValue(secret) }
}

function decodeBase64(encoded: string): string {
  try {
    return atob(encoded)
  } catch (cause) {
    throw new OAuthError('invalid_client', 'Malformed Authorization header', { cause })
  }
}

function decodeFormValue(encoded: string): string {
  return new URLSearchParams(`value=${encoded}`).get('value') ?? ''
}

/** Compares digests byte by byte to the end, so that time tells nothing of the secret. */
async function isSameSecret(left: string, right: string): Promise<boolean> {
  const [leftDigest, rightDigest] = await Promise.all([digest(left), digest(right)])
  const difference = leftDigest.reduce(
    (bits, byte, index) => bits | (byte ^ (rightDigest[index] ?? 256)),
    0,
  )
  return difference === 0
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
