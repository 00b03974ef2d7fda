import * as v from 'valibot'

const optionalText = v.optional(v.string())
const optionalTexts = v.optional(v.array(v.string()))
const optionalFlag = v.optional(v.boolean())
const PlainUrl = v.pipe(
  v.string(),
  v.check((url) => URL.canParse(url), 'is no URL'),
)
const SafeUrl = v.pipe(
  PlainUrl,
  v.check((url) => !/^(?:javascript|data|vbscript):/.test(new URL(url).href), 'is no URL to open'),
)
const optionalUrl = v.optional(SafeUrl)
const emptyOrUrl = v.optional(v.union([v.literal(''), SafeUrl]))
const Code = v.pipe(
  v.array(v.string()),
  v.check((types) => types.includes('code'), 'names no code'),
)

const Resource = v.object({
  resource: PlainUrl,
  authorization_servers: v.optional(v.array(SafeUrl)),
  ...v.entriesFromList(
    ['jwks_uri', 'resource_policy_uri', 'resource_tos_uri'],
    v.optional(PlainUrl),
  ),
  ...v.entriesFromList(['resource_name', 'resource_documentation'], optionalText),
  ...v.entriesFromList(
    [
      'scopes_supported',
      'bearer_methods_supported',
      'resource_signing_alg_values_supported',
      'authorization_details_types_supported',
      'dpop_signing_alg_values_supported',
    ],
    optionalTexts,
  ),
  ...v.entriesFromList(
    ['tls_client_certificate_bound_access_tokens', 'dpop_bound_access_tokens_required'],
    optionalFlag,
  ),
})

const SHARED = {
  issuer: v.string(),
  authorization_endpoint: SafeUrl,
  token_endpoint: SafeUrl,
  registration_endpoint: optionalUrl,
  // The schema takes any list, and the request that follows only one with `code`.
  response_types_supported: Code,
  client_id_metadata_document_supported: optionalFlag,
  ...v.entriesFromList(
    [
      'scopes_supported',
      'response_modes_supported',
      'grant_types_supported',
      'token_endpoint_auth_methods_supported',
      'token_endpoint_auth_signing_alg_values_supported',
      'code_challenge_methods_supported',
    ],
    optionalTexts,
  ),
}

const OAuthServer = v.object({
  ...SHARED,
  ...v.entriesFromList(['service_documentation', 'revocation_endpoint'], optionalUrl),
  introspection_endpoint: optionalText,
  ...v.entriesFromList(
    [
      'revocation_endpoint_auth_methods_supported',
      'revocation_endpoint_auth_signing_alg_values_supported',
      'introspection_endpoint_auth_methods_supported',
      'introspection_endpoint_auth_signing_alg_values_supported',
    ],
    optionalTexts,
  ),
})

const OpenIdServer = v.object({
  ...SHARED,
  jwks_uri: SafeUrl,
  ...v.entriesFromList(['userinfo_endpoint', 'op_policy_uri', 'op_tos_uri'], optionalUrl),
  ...v.entriesFromList(
    ['subject_types_supported', 'id_token_signing_alg_values_supported'],
    v.array(v.string()),
  ),
  ...v.entriesFromList(
    [
      'acr_values_supported',
      'id_token_encryption_alg_values_supported',
      'id_token_encryption_enc_values_supported',
      'userinfo_signing_alg_values_supported',
      'userinfo_encryption_alg_values_supported',
      'userinfo_encryption_enc_values_supported',
      'request_object_signing_alg_values_supported',
      'request_object_encryption_alg_values_supported',
      'request_object_encryption_enc_values_supported',
      'display_values_supported',
      'claim_types_supported',
      'claims_supported',
      'claims_locales_supported',
      'ui_locales_supported',
    ],
    optionalTexts,
  ),
  service_documentation: optionalText,
  ...v.entriesFromList(
    [
      'claims_parameter_supported',
      'request_parameter_supported',
      'request_uri_parameter_supported',
      'require_request_uri_registration',
    ],
    optionalFlag,
  ),
})

const Registration = v.object({
  client_id: v.string(),
  redirect_uris: v.array(SafeUrl),
  ...v.entriesFromList(
    [
      'client_secret',
      'token_endpoint_auth_method',
      'client_name',
      'scope',
      'policy_uri',
      'software_id',
      'software_version',
      'software_statement',
    ],
    optionalText,
  ),
  ...v.entriesFromList(['grant_types', 'response_types', 'contacts'], optionalTexts),
  ...v.entriesFromList(['client_uri', 'jwks_uri'], optionalUrl),
  ...v.entriesFromList(['logo_uri', 'tos_uri'], emptyOrUrl),
  ...v.entriesFromList(['client_id_issued_at', 'client_secret_expires_at'], v.optional(v.number())),
})

const SCHEMAS = {
  resource: Resource,
  'oauth server': OAuthServer,
  'openid server': OpenIdServer,
  registration: Registration,
}

/**
 * What the official TypeScript SDKs refuse of a JSON answer, or undefined if they take it. They hold
 * it whole against strict schemas (1.32.2 and 2.4.0), so one null member ends a sign-in.
 */
export function findSdkRefusal(kind: keyof typeof SCHEMAS, text: string): string | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), SCHEMAS[kind]), text)
  if (parsed.success) return undefined
  const [issue] = parsed.issues
  const path = v.getDotPath(issue)
  if (path === null) return 'it is no JSON object'
  if (issue.kind === 'validation') return `${path} ${issue.message}`
  return issue.received === 'undefined' ? `${path} is missing` : `${path} is ${issue.received}`
}

/** Which schema the SDKs hold a metadata document against: its place decides. */
export function toServerKind(url: string): 'oauth server' | 'openid server' {
  return url.includes('/.well-known/openid-configuration') ? 'openid server' : 'oauth server'
}
