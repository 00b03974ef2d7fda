import type { Platform } from './platform.ts'
import { createProcessPlatform } from './process.ts'

/** The runtime we are on. Bun and Deno imitate Node, so they are asked for first. */
export function detectPlatform(): Platform {
  if ('Bun' in globalThis) return createProcessPlatform('bun')
  if ('Deno' in globalThis) return createProcessPlatform('deno')
  return createProcessPlatform('node')
}
