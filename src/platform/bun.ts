import { createFetchUpstream } from './fetch-upstream.ts'
import type { Platform } from './platform.ts'
import { createProcessPlatform } from './process.ts'

/** Bun, its upstream connections by its own fetch, which can leave bodies compressed. */
export function createBunPlatform(): Platform {
  const init = { decompress: false, timeout: false }
  return Object.assign(createProcessPlatform(), {
    name: 'bun' as const,
    upstream: createFetchUpstream({ init, asksIdentity: false }),
  })
}
