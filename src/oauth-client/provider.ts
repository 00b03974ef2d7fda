import type { PrivateKeyConfig, ProviderConfig } from '../config/config.ts'
import { OFFLINE } from '../oauth/scope.ts'
import type { Discovered } from './discover.ts'
import { findQuirks, type ProviderQuirks } from './provider-quirks.ts'

/** A provider as it is asked: what is configured, over what was discovered. */
export interface Provider {
  readonly config: ProviderConfig
  readonly issuer?: string
  readonly authorizationUrl?: string
  readonly tokenUrl?: string
  readonly registrationUrl?: string
  readonly revocationUrl?: string
  readonly jwksUrl?: string
  readonly namesIssuer: boolean
  readonly takesClientDocuments: boolean
  readonly authenticationMethods?: readonly string[]
  /** Asked for where the client asks for nothing. */
  readonly scopes: readonly string[]
  /** Scopes that the client may ask for; without a list the provider judges. */
  readonly knownScopes?: ReadonlySet<string>
  /** RFC 8707. */
  readonly resource?: string
  readonly quirks: ProviderQuirks
  readonly privateKey?: PrivateKeyConfig
  /** Reaches the endpoints that were discovered, and no others' addresses. */
  readonly fetch: typeof globalThis.fetch
}

/** A provider out of its configuration alone. */
export function providerOf(
  config: ProviderConfig,
  fetch: typeof globalThis.fetch,
  learned: readonly string[] = [],
): Provider {
  const quirks = findQuirks(config.issuer, config.authorizationUrl, config.tokenUrl)
  const { authorizationUrl, tokenUrl, registrationUrl, revocationUrl, issuer, privateKey } = config
  const resource = config.resource === 'none' ? undefined : configuredResource(config)
  return {
    config,
    quirks,
    fetch,
    namesIssuer: config.namesIssuer,
    takesClientDocuments: false,
    scopes: config.scopes,
    ...knownScopesOf(config.scopes, config, learned),
    ...(issuer === undefined ? {} : { issuer }),
    ...(authorizationUrl === undefined ? {} : { authorizationUrl }),
    ...(tokenUrl === undefined ? {} : { tokenUrl }),
    ...(registrationUrl === undefined ? {} : { registrationUrl }),
    ...(revocationUrl === undefined ? {} : { revocationUrl }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(resource === undefined ? {} : { resource }),
  }
}

/** A provider as discovered, everything configured being stronger. */
export function mergeProvider(
  configured: Provider,
  discovered: Discovered,
  context: { readonly fetch: typeof globalThis.fetch; readonly learned: readonly string[] },
): Provider {
  const { config } = configured
  const { authorizationServer: found } = discovered
  const quirks = findQuirks(found.issuer, configured.authorizationUrl, configured.tokenUrl)
  const scopes = config.scopes.length > 0 ? config.scopes : defaultScopes(discovered, quirks)
  return {
    ...found,
    ...discoveredResource(discovered, config, quirks),
    ...configured,
    quirks,
    scopes,
    ...knownScopesOf(discovered.knownScopes, config, context.learned),
    namesIssuer: configured.namesIssuer || found.namesIssuer,
    takesClientDocuments: found.takesClientDocuments,
    fetch: context.fetch,
  }
}

/** The parameter by which this provider is told the resource, if it wants to be (RFC 8707 §2). */
export function resourceParameterOf({
  resource,
  quirks,
}: Provider): Readonly<Record<string, string>> {
  // Entra ID has it in the scopes, and refuses it beside them.
  if (resource === undefined || quirks.qualifiesScopes === true) return {}
  return { [quirks.audienceParameter ?? 'resource']: resource }
}

function configuredResource({ resource, resourceUrl }: ProviderConfig): string | undefined {
  return resource === 'auto' ? resourceUrl : resource
}

function discoveredResource(
  { resource }: Discovered,
  config: ProviderConfig,
  { takesResource }: ProviderQuirks,
): Pick<Provider, 'resource'> {
  const isWanted = config.resource !== 'none' && takesResource !== false
  return resource === undefined || !isWanted ? {} : { resource }
}

/** What the resource asks for, and a refresh token where the provider has a scope for it (SEP-2207). */
function defaultScopes(
  { scopes, authorizationServer }: Discovered,
  { hasNoOfflineScope }: ProviderQuirks,
): readonly string[] {
  const isOffered = authorizationServer.scopes.includes(OFFLINE) && hasNoOfflineScope !== true
  return isOffered && !scopes.includes(OFFLINE) ? [...scopes, OFFLINE] : scopes
}

/** An operator's list is all there is; a discovered one grows with what the resource demands later. */
function knownScopesOf(
  known: readonly string[],
  { scopes }: ProviderConfig,
  learned: readonly string[],
): Pick<Provider, 'knownScopes'> {
  if (scopes.length > 0) return { knownScopes: new Set(scopes) }
  return known.length === 0 ? {} : { knownScopes: new Set([...known, ...learned]) }
}
