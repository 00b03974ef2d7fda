/** Host names, case folded, as they stand in a `Host` header or a URL: `host` or `host:port`. */
export interface Authority {
  /** Lower case, IPv6 in brackets, never a trailing port. */
  readonly hostname: string
  readonly port?: number
}

const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*))(?::([1-9]\d{0,4}))?$/

/** Parses `host[:port]` strictly (RFC 3986 §3.2.2, port 1 to 65535), or gives undefined. */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, port] = text.length > 300 ? [] : (AUTHORITY.exec(text) ?? [])
  if (host === undefined) return undefined
  const hostname = host.toLowerCase()
  // A host that URL parsing would spell otherwise (127.1, 0x7f.1, [0:0::1]) is not plain.
  if (!URL.canParse(`http://${hostname}`) || new URL(`http://${hostname}`).hostname !== hostname) {
    return undefined
  }
  if (port === undefined) return { hostname }
  return Number(port) > 65_535 ? undefined : { hostname, port: Number(port) }
}

/** Whether a host name always means this machine: localhost, 127.0.0.0/8 or [::1]. */
export function isLoopbackHostname(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** `scheme://host[:port]`, the scheme's default port left out. */
export function formatOrigin(scheme: 'http' | 'https', { hostname, port }: Authority): string {
  const isDefault = port === undefined || port === (scheme === 'https' ? 443 : 80)
  return `${scheme}://${hostname}${isDefault ? '' : `:${port}`}`
}
