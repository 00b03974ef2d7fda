import type { Identity } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { isLetIn, readIdentity } from '../oauth-client/identity.ts'
import type { RedeemedGrant } from '../oauth-client/redeem-grant.ts'
import type { OAuthServer } from '../registry.ts'

/**
 * Who signed in at an identity provider, if the rules let them in; undefined where the server's own
 * provider decides. A renewal may come without an ID token: then it is who it was.
 */
export async function checkIdentity(
  { access, name }: OAuthServer,
  result: RedeemedGrant,
  expected: string | undefined | { readonly previous: Identity | undefined },
): Promise<Identity | undefined> {
  if (access.identity === undefined) return undefined
  const identity =
    typeof expected === 'object'
      ? ((await readNew(result, undefined)) ?? expected.previous)
      : await readNew(result, expected)
  if (identity === undefined) {
    throw new OAuthError(
      'access_denied',
      `The identity provider of ${name} did not say who signed in`,
    )
  }
  if (isLetIn(identity, access.identity)) return identity
  throw new OAuthError(
    'access_denied',
    `This account may not use ${name}: its operator lists who may in allowed_emails, allowed_domains and allowed_groups`,
  )
}

async function readNew(result: RedeemedGrant, nonce: string | undefined) {
  if (result.kind !== 'granted' || result.access === undefined) return undefined
  const { id_token: idToken } = result.response
  return idToken === undefined ? undefined : readIdentity(result.access, idToken, nonce)
}
