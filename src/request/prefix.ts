/** The path below B: front ends keep the public prefix or strip it, well-known paths have it inserted. */
export function withoutPrefix(path: string, prefix: string): string {
  if (prefix === '') return path
  if (isBelow(path, prefix)) return path.slice(prefix.length) || '/'
  const [, wellKnown, rest] = /^(\/\.well-known\/[^/]+)(\/.*)$/.exec(path) ?? []
  if (wellKnown === undefined || rest === undefined || !isBelow(rest, prefix)) return path
  return wellKnown + rest.slice(prefix.length)
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
