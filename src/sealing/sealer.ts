import { CompactEncrypt, compactDecrypt } from 'jose'
import { LRUCache } from 'lru-cache'
import * as v from 'valibot'
import { after, type Ready } from '../ready.ts'
import { createRandomString, isCanonicalBase64Url } from './base64url.ts'
import type { KeyRing, Purpose } from './key-ring.ts'

const ISSUER = 'mcp-oauth-proxy'
const Content = v.object({
  iss: v.literal(ISSUER),
  aud: v.string(),
  jti: v.string(),
  iat: v.number(),
  exp: v.number(),
  payload: v.unknown(),
})

const MAX_LENGTH = 16_384 // characters
const MAX_CLOCK_SKEW = 60 // seconds
const CACHED_TOKENS = 2_000
/** What comes with every message; all else is opened once or twice in its life, and would only take their place. */
const CACHED: ReadonlySet<Purpose> = new Set(['access-token', 'message-endpoint'])

/** What every sealed string says about itself, times in seconds since the epoch. */
export interface Seal {
  /** The server that the string is for. */
  readonly aud: string
  /** The identity of the string: single use, revocation and caches go by it. */
  readonly jti: string
  readonly iat: number
  readonly exp: number
}

/** An opened string: its seal and what was put in, still to be parsed by whoever asked for it. */
export interface Opened {
  readonly seal: Seal
  readonly payload: unknown
}

/** Seals values into strings that only this proxy can read, and opens them again. */
export interface Sealer {
  /** The sealed string (JWE compact, RFC 7516); lifetime in seconds. */
  seal(purpose: Purpose, sealing: Sealing): Promise<string>
  /** The content, at once if it comes with every message and was opened lately, or undefined for whatever is expired, altered, foreign or of another purpose. */
  open(purpose: Purpose, text: string): Ready<Opened | undefined>
}

/** What to seal, for which server, and for how many seconds. */
export interface Sealing {
  readonly audience: string
  readonly lifetime: number
  readonly payload: unknown
}

/** A sealer over a key ring; `now` in milliseconds. */
export function createSealer({ keys, now }: { keys: KeyRing; now: () => number }): Sealer {
  const opened = new LRUCache<string, OpenedFor>({ max: CACHED_TOKENS })
  const seconds = () => Math.floor(now() / 1000)

  return {
    async seal(purpose, { audience, lifetime, payload }) {
      const iat = seconds()
      const jti = createRandomString(16)
      const content = { iss: ISSUER, aud: audience, jti, iat, exp: iat + lifetime, payload }
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
        .setProtectedHeader({
          alg: 'dir',
          enc: 'A256GCM',
          kid: keys.sealing.kid,
          typ: typeOf(purpose),
        })
        .encrypt(await keys.sealing.keyFor(purpose))
    },

    open(purpose, text) {
      const known = opened.get(text)
      // A string has one purpose, for which it was sealed with a key of that purpose.
      if (known !== undefined && known.purpose !== purpose) return undefined
      return after(known?.content ?? decrypt({ keys, purpose, text }), (content) => {
        if (content === undefined || !isInForce(content.seal, seconds())) return undefined
        if (known === undefined && CACHED.has(purpose)) opened.set(text, { purpose, content })
        return content
      })
    },
  }
}

interface OpenedFor {
  readonly purpose: Purpose
  readonly content: Opened
}

function typeOf(purpose: Purpose): string {
  return `mop-${purpose}+jwe`
}

/** One JWE has many spellings (THREATS F4); only the canonical one is a token of ours. */
function isCanonicalJwe(text: string): boolean {
  if (text.length > MAX_LENGTH) return false
  const parts = text.split('.')
  return parts.length === 5 && parts.every(isCanonicalBase64Url)
}

function isInForce(seal: Seal, now: number): boolean {
  return now < seal.exp && seal.iat <= now + MAX_CLOCK_SKEW
}

async function decrypt(sealed: {
  keys: KeyRing
  purpose: Purpose
  text: string
}): Promise<Opened | undefined> {
  // Only one spelling gets further, so the text may be the key of the cache.
  if (!isCanonicalJwe(sealed.text)) return undefined
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(
      sealed.text,
      async ({ kid }) => {
        const keys = kid === undefined ? undefined : sealed.keys.find(kid)
        if (keys === undefined) throw new Error('Unknown key')
        return keys.keyFor(sealed.purpose)
      },
      { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
    )
    if (protectedHeader.typ !== typeOf(sealed.purpose)) return undefined
    if (protectedHeader.zip !== undefined) return undefined
    return parseContent(JSON.parse(new TextDecoder().decode(plaintext)))
  } catch {
    // Whatever does not open was not sealed by us for this; the caller answers as for no token.
    return undefined
  }
}

function parseContent(content: unknown): Opened | undefined {
  const parsed = v.safeParse(Content, content)
  if (!parsed.success) return undefined
  const { aud, jti, iat, exp, payload } = parsed.output
  return { seal: { aud, jti, iat, exp }, payload }
}
