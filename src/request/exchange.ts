import type { Ready } from '../ready.ts'
import type { Answer, TextAnswer } from './answer.ts'
import type { Endpoints } from './endpoints.ts'
import type { PublicBase } from './public-base.ts'

/** Header fields by lower-case name; web `Headers` are such, and what a platform reads off the wire. */
export interface HeaderFields extends Iterable<readonly [name: string, value: string]> {
  get(name: string): string | null
  has(name: string): boolean
}

/** What a request says before its body. */
export interface RequestHead {
  readonly method: string
  readonly headers: HeaderFields
  /** Scheme, host and target as they came, the target past the gate. */
  readonly url: string
}

/** The head of one request, as far as it is understood before any endpoint sees it. */
export interface HeadExchange {
  readonly request: RequestHead
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

/** One request with its body still to come. */
export interface Exchange extends HeadExchange {
  readonly request: Request
  readonly url: URL
}

/** An endpoint: answers a request, or throws an OAuthError. */
export type Endpoint = (exchange: Exchange) => Ready<Answer>

/** An endpoint that needs nothing but the head. */
export type DocumentEndpoint = (exchange: HeadExchange) => Ready<TextAnswer>
