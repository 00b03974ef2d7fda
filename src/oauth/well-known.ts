/** Where the metadata of a protected resource may be: its path inserted, then the root (RFC 9728 §3.1). */
export function protectedResourceMetadataUrls(resource: string): readonly string[] {
  const { origin, pathname, search } = new URL(resource)
  const root = `${origin}/.well-known/oauth-protected-resource`
  const path = `${pathname === '/' ? '' : pathname}${search}`
  return path === '' ? [root] : [`${root}${path}`, root]
}

/** Where the metadata of an issuer may be, in the order that clients ask (RFC 8414 §3.1, OpenID Discovery §4). */
export function authorizationServerMetadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  )
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`]
}
