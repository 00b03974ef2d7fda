import { createBunPlatform } from './bun.ts'
import { createDenoPlatform } from './deno.ts'
import { createNodePlatform } from './node.ts'
import type { Platform } from './platform.ts'

/** The runtime we are on. Bun and Deno imitate Node, so they are asked for first. */
export function detectPlatform(): Platform {
  if ('Bun' in globalThis) return createBunPlatform()
  if ('Deno' in globalThis) return createDenoPlatform()
  return createNodePlatform()
}
