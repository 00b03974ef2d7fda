/** A client id and secret as HTTP Basic carries them. */
export interface BasicCredentials {
  readonly id: string
  readonly secret: string
}

/** HTTP Basic credentials, or undefined; SDKs differ in whether they form-encode them (RFC 6749 §2.3.1). */
export function parseBasicCredentials(header: string): BasicCredentials | undefined {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  const [, id, secret] = /^([^:]*):([\s\S]*)$/.exec(decodeBase64(encoded)) ?? []
  if (id === undefined || secret === undefined) return undefined
  return { id: decodeForm(id), secret: decodeForm(secret) }
}

function decodeBase64(encoded: string): string {
  try {
    return atob(encoded)
  } catch {
    return ''
  }
}

function decodeForm(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? ''
}
