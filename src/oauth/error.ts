/** Error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2 and RFC 8707 §2. */
export type OAuthErrorCode =
  | 'access_denied'
  | 'insufficient_scope'
  | 'invalid_client'
  | 'invalid_client_metadata'
  | 'invalid_grant'
  | 'invalid_redirect_uri'
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_token'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'

/** A refusal that the protocol can express; `description` is shown, `cause` only logged. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly code: OAuthErrorCode
  /** The HTTP status, where it is not the one that the code has. */
  readonly status: 408 | 413 | undefined

  constructor(
    code: OAuthErrorCode,
    description: string,
    options?: { cause?: unknown; status?: 408 | 413 },
  ) {
    super(description, options)
    this.code = code
    this.status = options?.status
  }
}
