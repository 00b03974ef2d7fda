import type { OAuth } from '../registry.ts'

/** What is asked of the provider for one flow. */
export interface ProviderAuthorization {
  readonly redirectUri: string
  readonly state: string
  readonly codeChallenge: string
  readonly scope: readonly string[]
}

/** The URL that starts a sign-in at the provider (RFC 6749 §4.1.1), its own query kept. */
export function createAuthorizationUrl({ provider }: OAuth, flow: ProviderAuthorization): string {
  const url = new URL(provider.authorizationUrl)
  const parameters: Record<string, string> = {
    ...provider.authorizationParams,
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: flow.redirectUri,
    state: flow.state,
    code_challenge: flow.codeChallenge,
    code_challenge_method: 'S256',
    ...(flow.scope.length === 0 ? {} : { scope: flow.scope.join(' ') }),
    ...(provider.resource === undefined ? {} : { resource: provider.resource }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}
