import type { Endpoints } from './endpoints.ts'
import type { PublicBase } from './public-base.ts'

/** One request, as far as it is understood before any endpoint sees it. */
export interface Exchange {
  readonly request: Request
  readonly url: URL
  /** The query as it came over the wire, `` or `?…`; parsing would respell it. */
  readonly search: string
  /** The path below B's prefix. */
  readonly path: string
  readonly base: PublicBase
  readonly endpoints: Endpoints
  /** The server's name as the path has it. */
  readonly serverName: string | undefined
  /** Who asks, as far as trusted proxies tell; its network only where that is IPv6. */
  readonly clientNetwork: string
  /** Stands in the log and on error pages. */
  readonly requestId: string
}

/** An endpoint: answers a request, or throws an OAuthError. */
export type Endpoint = (exchange: Exchange) => Promise<Response>
