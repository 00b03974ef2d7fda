import type { Server } from '../registry.ts'
import type { HeadExchange } from '../request/exchange.ts'
import { isLoopbackHostname } from '../request/host.ts'

/**
 * Whether a browser page of this origin may use the gateway. Where only the place of a request
 * protects a server (this machine, or no sign-in), a foreign page must not borrow it (THREATS T66).
 */
export function isAllowedOrigin(
  { request, base }: HeadExchange,
  server: Server,
  policy: { readonly allowedOrigins: ReadonlySet<string>; readonly isLocal: boolean },
): boolean {
  const origin = request.headers.get('origin')
  if (origin === null || origin === base.origin || policy.allowedOrigins.has(origin)) return true
  if (isLoopbackOrigin(origin)) return true
  // Elsewhere the bearer token decides, and no browser adds that by itself.
  return server.access.kind !== 'open' && !policy.isLocal
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackHostname(new URL(origin).hostname)
}
