import type { Registry } from '../registry.ts'

/** The path below B: front ends keep the public prefix or strip it, well-known paths have it inserted. */
export type RemovePrefix = (path: string, prefix: string) => string

/**
 * Removes the prefix where it is. One that a server is also called by, or `/mcp`, leaves two meanings to
 * `/gh/mcp`: that of a front end which strips it counts, as X-Forwarded-Prefix is mostly used.
 */
export function createPrefixRemover({ findByName }: Pick<Registry, 'findByName'>): RemovePrefix {
  const isName = (segment = '') => segment === 'mcp' || findByName(segment) !== undefined
  return (path, prefix) => {
    if (prefix === '') return path
    if (!isBelow(path, prefix)) return withoutInserted(path, prefix)
    const isStripped = isName(prefix.slice(1)) && isNamed(path.split('/').slice(1), isName)
    return isStripped ? path : path.slice(prefix.length) || '/'
  }
}

function withoutInserted(path: string, prefix: string): string {
  const [, wellKnown = '', rest = ''] = /^(\/\.well-known\/[^/]+)(\/.*)$/.exec(path) ?? []
  return isBelow(rest, prefix) ? wellKnown + rest.slice(prefix.length) : path
}

/** Whether a path that begins with a name is one of ours as it stands: `/mcp`, `/mcp/gh`, `/gh/mcp` and what is below `/gh`. */
function isNamed(segments: readonly string[], isName: (segment?: string) => boolean): boolean {
  const [first, second, third] = segments
  if (second === undefined || second === '') return first === 'mcp'
  if (first === 'mcp') return second !== 'mcp' && isName(second) && third !== 'mcp'
  return second === 'mcp' ? !isName(third) : !isName(second)
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
