import { createRandomString } from '../sealing/base64url.ts'
import type { ResolveClientNetwork } from './client-network.ts'
import { createEndpoints, type Endpoints } from './endpoints.ts'
import type { HeadExchange, RequestHead } from './exchange.ts'
import type { Connection, PublicBase } from './public-base.ts'

/** What a request is, before it is routed. */
export interface Arrival extends Pick<HeadExchange, 'base' | 'path' | 'search'> {
  readonly connection: Connection
  /** Below B's prefix, with whatever slash it ended in. */
  readonly routedPath: string
}

/** An exchange of which what is not needed for every request is worked out when it is. */
export class LazyExchange implements HeadExchange {
  readonly request: RequestHead
  readonly base: PublicBase
  readonly path: string
  readonly search: string
  readonly serverName: string | undefined
  readonly #peer: string
  readonly #resolveClientNetwork: ResolveClientNetwork
  #endpoints: Endpoints | undefined
  #requestId: string | undefined

  constructor(
    request: RequestHead,
    arrival: Arrival,
    of: {
      readonly serverName: string | undefined
      readonly resolveClientNetwork: ResolveClientNetwork
    },
  ) {
    this.request = request
    this.base = arrival.base
    this.path = arrival.path
    this.search = arrival.search
    this.serverName = of.serverName
    this.#peer = arrival.connection.peer
    this.#resolveClientNetwork = of.resolveClientNetwork
  }

  get endpoints(): Endpoints {
    this.#endpoints ??= createEndpoints(this.base)
    return this.#endpoints
  }

  get clientNetwork(): string {
    return this.#resolveClientNetwork(this.request, this.#peer)
  }

  get requestId(): string {
    this.#requestId ??= createRandomString(9)
    return this.#requestId
  }
}
