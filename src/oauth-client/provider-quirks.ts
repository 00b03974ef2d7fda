import { OFFLINE } from '../oauth/scope.ts'

/** What sets a provider apart from the specifications. */
export interface ProviderQuirks {
  readonly name: string
  /** Where the provider says so. */
  readonly source: string
  /** Sent with the authorization request, weaker than what is configured. */
  readonly authorizationParams?: Readonly<Record<string, string>>
  /** False where RFC 8707 `resource` is refused. */
  readonly takesResource?: false
  /** The parameter that names the API in place of `resource`. */
  readonly audienceParameter?: string
  /** The parameter that asks for a user's scopes, and what stands between them. */
  readonly scopeParameter?: string
  readonly scopeSeparator?: string
  /** How a scope without a resource in it is made one of a resource. */
  readonly qualifiesScopes?: true
  /** Scopes asked for in addition, so that a refresh token comes. */
  readonly refreshScope?: string
  /** True where `offline_access` is refused or means something else, and is asked for only if configured. */
  readonly hasNoOfflineScope?: true
  /** True where PKCE works but metadata does not say so. */
  readonly takesUnlistedPkce?: true
  /** True where the registration endpoint is not for strangers. */
  readonly refusesRegistration?: true
  /** A path segment of the issuer that stands for any, as metadata for many tenants has it. */
  readonly tenantPlaceholder?: string
  /** The member of the token response that holds the user's own. */
  readonly tokenMember?: string
}

interface Known extends ProviderQuirks {
  /** Tells the provider by its issuer or one of its endpoints. */
  isAt(url: URL): boolean
}

const isHost = (pattern: RegExp) => (url: URL) => pattern.test(url.hostname)

/** The providers that need something of their own. One table, each line with its source. */
const PROVIDERS: readonly Known[] = [
  {
    name: 'Microsoft Entra ID',
    source: 'https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow',
    isAt: isHost(/^login\.(?:microsoftonline\.(?:com|us)|partner\.microsoftonline\.cn)$/),
    takesResource: false, // AADSTS9010010: resource and scope of v2.0 exclude each other
    qualifiesScopes: true,
    refreshScope: OFFLINE,
    takesUnlistedPkce: true,
    tenantPlaceholder: '{tenantid}',
  },
  {
    name: 'Google',
    source: 'https://developers.google.com/identity/protocols/oauth2/web-server',
    isAt: isHost(/^(?:accounts|oauth2)\.google(?:apis)?\.com$/),
    authorizationParams: { access_type: 'offline', prompt: 'consent' },
    takesResource: false,
    hasNoOfflineScope: true,
  },
  {
    name: 'GitHub',
    source: 'https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
    isAt: isHost(/^github\.com$/),
    hasNoOfflineScope: true,
    takesUnlistedPkce: true,
  },
  {
    name: 'Slack',
    source: 'https://docs.slack.dev/authentication/installing-with-oauth',
    isAt: (url) => /(?:^|\.)slack\.com$/.test(url.hostname),
    scopeParameter: 'user_scope',
    scopeSeparator: ',',
    takesResource: false,
    hasNoOfflineScope: true,
    takesUnlistedPkce: true,
    tokenMember: 'authed_user',
  },
  {
    name: 'Atlassian',
    source: 'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
    isAt: isHost(/^auth\.atlassian\.com$/),
    authorizationParams: { audience: 'api.atlassian.com', prompt: 'consent' },
    takesResource: false,
    refreshScope: OFFLINE,
    takesUnlistedPkce: true,
  },
  {
    name: 'Auth0',
    source:
      'https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow-with-pkce/call-your-api-using-the-authorization-code-flow-with-pkce',
    isAt: (url) => /\.auth0\.com$/.test(url.hostname),
    audienceParameter: 'audience',
    refreshScope: OFFLINE,
  },
  {
    name: 'Okta',
    source: 'https://developer.okta.com/docs/reference/api/oauth-clients/',
    isAt: (url) => /\.(?:okta|oktapreview|okta-emea)\.com$/.test(url.hostname),
    refusesRegistration: true, // asks for an API token of its administrator
  },
  {
    name: 'Keycloak',
    source: 'https://www.keycloak.org/docs/latest/server_admin/#_offline-access',
    isAt: (url) => /\/realms\/[^/]+/.test(url.pathname),
    hasNoOfflineScope: true, // it would make sessions that outlive the user's sign-out
  },
  {
    name: 'Amazon Cognito',
    source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html',
    isAt: isHost(/^(?:cognito-idp\.[a-z0-9-]+\.amazonaws\.com|.+\.amazoncognito\.com)$/),
    takesResource: false,
    hasNoOfflineScope: true,
    takesUnlistedPkce: true,
  },
]

const ORDINARY: ProviderQuirks = { name: 'any other', source: 'the specifications' }

/** The quirks of the provider at one of these URLs; those of an ordinary one for all others. */
export function findQuirks(...urls: readonly (string | undefined)[]): ProviderQuirks {
  const parsed = urls.flatMap((url) =>
    url !== undefined && URL.canParse(url) ? [new URL(url)] : [],
  )
  return PROVIDERS.find(({ isAt }) => parsed.some(isAt)) ?? ORDINARY
}

/** The scopes as the provider wants them asked for. */
export function toProviderScope(
  scopes: readonly string[],
  quirks: ProviderQuirks,
  audience: string,
): string {
  const { qualifiesScopes, refreshScope, scopeSeparator = ' ' } = quirks
  const isComplete =
    refreshScope === undefined || scopes.length === 0 || scopes.includes(refreshScope)
  const all = isComplete ? scopes : [...scopes, refreshScope]
  const qualified = qualifiesScopes === true ? all.map((scope) => qualify(scope, audience)) : all
  return qualified.join(scopeSeparator)
}

const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', OFFLINE])

/** Entra ID takes a bare scope for one of Microsoft Graph. */
function qualify(scope: string, audience: string): string {
  const isQualified = OPENID_SCOPES.has(scope) || scope.includes('/')
  return isQualified ? scope : `${audience.replace(/\/$/, '')}/${scope}`
}
