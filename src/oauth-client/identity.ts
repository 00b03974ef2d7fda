import { createRemoteJWKSet, customFetch, type JWTPayload, jwtVerify } from 'jose'
import * as v from 'valibot'
import type { IdentityRules } from '../config/config.ts'
import type { Identity } from '../grant.ts'
import type { ProviderAccess } from './token-request.ts'

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'RS384', 'RS512', 'EdDSA']
const TIMEOUT = 10_000 // milliseconds

const Claims = v.object({
  sub: v.pipe(v.string(), v.nonEmpty(), v.maxLength(255)),
  nonce: v.optional(v.string()),
  azp: v.optional(v.string()),
  email: v.optional(v.pipe(v.string(), v.maxLength(320))),
  email_verified: v.optional(v.unknown()),
  groups: v.fallback(v.optional(v.array(v.string())), undefined),
})

/**
 * Who an ID token says signed in, or undefined for a token that is not for us, now and for this
 * sign-in (OpenID Connect Core §3.1.3.7). An address that the provider did not verify is none.
 */
export async function readIdentity(
  { provider, client }: ProviderAccess,
  idToken: string,
  nonce: string | undefined,
): Promise<Identity | undefined> {
  const { issuer, jwksUrl } = provider
  if (issuer === undefined || jwksUrl === undefined) return undefined
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    [customFetch]: (url, options) => provider.fetch(url, { headers: options.headers }),
    timeoutDuration: TIMEOUT,
  })
  try {
    const { payload } = await jwtVerify(idToken, keys, {
      issuer,
      audience: client.clientId,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: 60,
    })
    return toIdentity(payload, { clientId: client.clientId, nonce })
  } catch {
    return undefined
  }
}

function toIdentity(
  payload: JWTPayload,
  expected: { readonly clientId: string; readonly nonce: string | undefined },
): Identity | undefined {
  const parsed = v.safeParse(Claims, payload)
  if (!parsed.success) return undefined
  const { sub, nonce, azp, email, email_verified: isVerified, groups = [] } = parsed.output
  if (nonce !== expected.nonce) return undefined
  // A token for several is only ours if it was given to us.
  const isForSeveral = Array.isArray(payload.aud) && payload.aud.length > 1
  if ((isForSeveral && azp === undefined) || (azp !== undefined && azp !== expected.clientId)) {
    return undefined
  }
  const isUsable = isVerified === true && email !== undefined && isPlainEmail(email)
  return { subject: sub, groups, ...(isUsable ? { email: email.toLowerCase() } : {}) }
}

/** One @ and ordinary characters: `a@evil.com@corp.com` is at no domain of corp (THREATS T32). */
function isPlainEmail(email: string): boolean {
  return /^[^\s@"<>,;:\\()[\]]+@[A-Za-z0-9.-]+$/.test(email)
}

/** Whether the rules let somebody in: one name of them is enough. */
export function isLetIn({ email, groups }: Identity, rules: IdentityRules): boolean {
  const { emails, domains, groups: allowed } = rules
  if ([...emails, ...domains, ...allowed].includes('*')) return true
  if (groups.some((group) => allowed.includes(group))) return true
  if (email === undefined) return false
  return emails.includes(email) || domains.includes(email.slice(email.indexOf('@') + 1))
}
