/** The comparable form of a resource indicator, or undefined when it is none (RFC 8707 §2). */
export function canonicalizeResource(resource: string): string | undefined {
  // Checked on the text: URL parsing would fold dot segments and drop what must not be there.
  if (resource.length > 2048 || !/^https?:\/\/[^\s#\\@%]+$/i.test(resource)) return undefined
  if (/\/\.{1,2}(\/|$|\?)/.test(resource) || !URL.canParse(resource)) return undefined
  const url = new URL(resource)
  return `${url.origin}${url.pathname.replace(/\/$/, '')}${url.search}`
}

/** Whether two resource indicators mean the same, whatever the case of their host or a last slash. */
export function isSameResource(left: string, right: string): boolean {
  const canonical = canonicalizeResource(left)
  return canonical !== undefined && canonical === canonicalizeResource(right)
}
