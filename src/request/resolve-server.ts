import { canonicalizeResource } from '../oauth/resource.ts'
import type { Registry, Server } from '../registry.ts'
import type { PublicBase } from './public-base.ts'

/** What a request says, in whatever way, about the server it means. */
export interface ServerHints {
  /** The name in the path. */
  readonly path?: string | undefined
  /** The RFC 8707 resource parameter. */
  readonly resource?: string | undefined
  /** The server that a sealed code or token of ours was made for. */
  readonly artifact?: string | undefined
  readonly clientId?: string | undefined
}

/** The one function that decides which server a request means; undefined is a 404, never a guess. */
export function resolveServer(
  { registry, base }: { registry: Registry; base: PublicBase },
  hints: ServerHints,
): Server | undefined {
  if (hints.path !== undefined) return registry.findByName(hints.path)
  const byHost = registry.findByHost(base.hostname)
  if (byHost !== undefined) return byHost
  if (!registry.hasRoot) return undefined
  const named = serverPathOf(hints.resource, base)
  if (named !== undefined) return findByResourcePath(registry, named)
  if (hints.artifact !== undefined) return registry.findByName(hints.artifact)
  const byClientId = registry.findByName(hints.clientId ?? '')
  return byClientId ?? registry.rootServer
}

/** The path below B of a resource that names a server; undefined for B itself and foreign ones. */
function serverPathOf(resource: string | undefined, base: PublicBase): string | undefined {
  const path = pathBelow(resource, base)
  return path === '' || path === '/mcp' ? undefined : path
}

/** The path of a resource below B, without trailing slash; undefined when it lies elsewhere. */
export function pathBelow(resource: string | undefined, base: PublicBase): string | undefined {
  // A query is the upstream's business and tells no servers apart.
  const canonical = canonicalizeResource(resource ?? '')
    ?.split('?', 1)[0]
    ?.replace(/\/$/, '')
  if (canonical === undefined) return undefined
  const root = `${base.origin}${base.prefix}`
  if (canonical === root) return ''
  return canonical.startsWith(`${root}/`) ? canonical.slice(root.length) : undefined
}

/** The server whose MCP endpoint, or whose own path, is at this path. */
export function findByResourcePath(registry: Registry, path: string): Server | undefined {
  const [, first = '', second, ...rest] = path.split('/')
  if (rest.length > 0) return undefined
  if (first === 'mcp' && second !== undefined) return registry.findByName(second)
  return second === undefined || second === 'mcp' ? registry.findByName(first) : undefined
}
