import type { Registry } from './registry.ts'
import type { HeadEndpoint, Route } from './routes.ts'

/** What decides on a request by its head alone, and the server that its path names. */
export interface HeadRoute {
  readonly endpoint: HeadEndpoint
  readonly server: string | undefined
}

/** Finds the head route of a method and of a path below B, without trailing slash. */
export type FindHeadRoute = (method: string, path: string) => HeadRoute | undefined

/** The paths of all servers are known at the start, and finding them must cost each message nothing. */
export function createHeadRoutes(routes: readonly Route[], { servers }: Registry): FindHeadRoute {
  const names = servers.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]))
  const known = new Map<string, HeadRoute>()
  for (const [key, found] of routes.flatMap((route) => listHeads(route, names))) {
    // As in any router, the first that fits has it.
    if (!known.has(key)) known.set(key, found)
  }
  return (method, path) => known.get(`${method} ${mountOf(path)}`)
}

/** All heads that a route fits, as method and path. */
function listHeads({ headEndpoint, methods, paths }: Route, names: readonly string[]) {
  if (headEndpoint === undefined) return []
  const places = paths.flatMap((path) => expand(path.replace(/:message$/, ''), names))
  return methods.flatMap((method) =>
    places.map(([path, server]): [string, HeadRoute] => [
      `${method} ${path}`,
      { endpoint: headEndpoint, server },
    ]),
  )
}

/** The paths that a pattern stands for, each with the server that it names. */
function expand(pattern: string, names: readonly string[]): [string, string | undefined][] {
  if (!pattern.includes('/:server')) return [[pattern, undefined]]
  return names.map((name) => [pattern.replace('/:server', `/${name}`), name])
}

/** A legacy stream's messages go to an address below its mount, which is sealed text of any length. */
function mountOf(path: string): string {
  const messages = path.indexOf(MESSAGES)
  return messages === -1 ? path : path.slice(0, messages + MESSAGES.length)
}

const MESSAGES = '/messages/'
