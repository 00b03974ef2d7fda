import * as v from 'valibot'
import { oneOf, only, RedirectUris } from './choices.ts'
import {
  HeaderNames,
  Headers,
  Hostname,
  HttpUrl,
  refuseLists,
  StringRecord,
  Text,
  Texts,
} from './values.ts'

const AUTH_TYPES = [
  'oauth2',
  'none',
  'bearer_token',
  'api_key',
  'basic',
  'authorization',
  'token',
  'true_passthrough',
  'oauth2_token_exchange',
] as const

const SignIn = refuseLists(v.strictObject({ sign_in: Text }, 'want sign_in'))

const AccessChoice = v.union(
  [v.literal('open'), v.literal('keys'), SignIn],
  'want open, keys or { sign_in: NAME }',
)

/** How our client authenticates, and its client, in whichever entry it stands. */
export const CLIENT_ENTRIES = {
  client_id: v.optional(Text),
  client_id_file: v.optional(Text),
  client_secret: v.optional(Text),
  client_secret_file: v.optional(Text),
  client_private_key: v.optional(Text),
  client_private_key_file: v.optional(Text),
  client_private_key_id: v.optional(Text),
  token_endpoint_auth_signing_alg: v.optional(oneOf(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])),
  token_endpoint_auth_method: v.optional(
    oneOf(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']),
  ),
  authorization_url: v.optional(HttpUrl),
  token_url: v.optional(HttpUrl),
  revocation_url: v.optional(HttpUrl),
  scopes: v.optional(Texts, []),
  authorization_params: v.optional(StringRecord, {}),
  token_params: v.optional(StringRecord, {}),
}

/** What the exchange of a user's token takes (RFC 8693 §2.1). */
const EXCHANGE_ENTRIES = {
  token_exchange_endpoint: v.optional(HttpUrl),
  token_exchange_profile: v.optional(oneOf(['rfc8693', 'entra_obo'])),
  audience: v.optional(Text),
  subject_token_type: v.optional(Text),
}

/** One entry of `mcp_servers`, as it stands in the file. */
export const ServerEntry = refuseLists(
  v.strictObject(
    {
      url: v.union(
        [v.literal('builtin:demo'), HttpUrl],
        'want the http or https URL of the MCP server',
      ),
      auth_type: v.optional(only(AUTH_TYPES)),
      access: v.optional(AccessChoice),
      oauth2_flow: v.optional(only(['authorization_code', 'client_credentials'])),
      authentication_token: v.optional(Text),
      authentication_token_file: v.optional(Text),
      auth_value: v.optional(Text),
      auth_value_file: v.optional(Text),
      transport: v.optional(only(['http', 'sse'])),
      description: v.optional(v.string('want text')),
      alias: v.optional(Text),
      host: v.optional(Hostname),
      ...CLIENT_ENTRIES,
      ...EXCHANGE_ENTRIES,
      registration_url: v.optional(HttpUrl),
      issuer: v.optional(HttpUrl),
      authorization_response_iss_parameter_supported: v.optional(
        v.boolean('want true or false'),
        false,
      ),
      upstream_resource: v.optional(
        v.union([v.literal('auto'), v.literal('none'), HttpUrl], 'want auto, none or a URL'),
      ),
      tokens: v.optional(oneOf(['sealed', 'passthrough']), 'sealed'),
      callback: v.optional(oneOf(['own', 'shared']), 'own'),
      allowed_redirect_uris: RedirectUris,
      static_headers: v.optional(Headers, {}),
      extra_headers: v.optional(HeaderNames, []),
    },
    'want keys and values, such as url and auth_type',
  ),
)
export type ServerEntry = v.InferOutput<typeof ServerEntry>

/** An entry whose type is known. */
export type TypedEntry = ServerEntry & { readonly auth_type: NonNullable<ServerEntry['auth_type']> }

/** One entry of `identity_providers`: where users sign in at servers that have no provider of their own. */
export const IdentityProviderEntry = refuseLists(
  v.strictObject(
    {
      issuer: HttpUrl,
      ...CLIENT_ENTRIES,
      scopes: v.optional(Texts, ['openid', 'email', 'profile']),
      allowed_emails: v.optional(Texts, []),
      allowed_domains: v.optional(Texts, []),
      allowed_groups: v.optional(Texts, []),
    },
    'want keys and values, such as issuer and client_id',
  ),
)
export type IdentityProviderEntry = v.InferOutput<typeof IdentityProviderEntry>
