import * as v from 'valibot'
import { parseScope } from '../oauth/scope.ts'

/** A member that is left out where it is not what it should be: real documents hold all sorts. */
function lenient<S extends v.GenericSchema>(schema: S) {
  return v.fallback(v.optional(schema), undefined)
}

const Texts = v.array(v.string())
/** They go into our own challenges and requests, whose headers have limits. */
const MAX_SCOPES = 100
const Scopes = v.pipe(
  Texts,
  v.transform((texts) => parseScope(texts.join(' ')).slice(0, MAX_SCOPES)),
)

const ProtectedResourceDocument = v.object({
  resource: v.string(),
  authorization_servers: lenient(Texts),
  scopes_supported: lenient(Scopes),
})

/** A protected resource's metadata as it was found (RFC 9728 §2). */
export type ProtectedResourceDocument = v.InferOutput<typeof ProtectedResourceDocument>

const AuthorizationServerDocument = v.object({
  issuer: v.string(),
  authorization_endpoint: lenient(v.string()),
  token_endpoint: v.string(),
  registration_endpoint: lenient(v.string()),
  revocation_endpoint: lenient(v.string()),
  jwks_uri: lenient(v.string()),
  scopes_supported: lenient(Scopes),
  token_endpoint_auth_methods_supported: lenient(Texts),
  code_challenge_methods_supported: lenient(Texts),
  authorization_response_iss_parameter_supported: lenient(v.boolean()),
  client_id_metadata_document_supported: lenient(v.boolean()),
})

/** An authorization server's metadata as it was found (RFC 8414 §2). */
export type AuthorizationServerDocument = v.InferOutput<typeof AuthorizationServerDocument>

/** The document in a text, or undefined. */
export function parseProtectedResourceDocument(
  text: string,
): ProtectedResourceDocument | undefined {
  return parse(ProtectedResourceDocument, text)
}

/** The document in a text, or undefined. */
export function parseAuthorizationServerDocument(
  text: string,
): AuthorizationServerDocument | undefined {
  return parse(AuthorizationServerDocument, text)
}

function parse<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
