import { createFetchUpstream } from './fetch-upstream.ts'
import type { Platform } from './platform.ts'
import { createProcessPlatform } from './process.ts'

/** Deno, its upstream connections by its own fetch, which always decodes and so is given nothing to. */
export function createDenoPlatform(): Platform {
  return Object.assign(createProcessPlatform(), {
    name: 'deno' as const,
    upstream: createFetchUpstream({ init: {}, asksIdentity: true }),
  })
}
