import type { Log } from '../log.ts'
import type { Providers } from '../oauth-client/providers.ts'
import type { Registry, Server } from '../registry.ts'
import type { HeadExchange } from '../request/exchange.ts'
import type { KeepAnswer } from '../request/kept-answers.ts'
import type { AdmittedAs } from '../resource-server/access.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'
import type { StreamLimit } from './stream-limit.ts'
import type { CredentialSources } from './upstream-credential.ts'

/** What the gateway needs besides the request. */
export interface GatewayDependencies extends CredentialSources {
  readonly registry: Registry
  readonly providers: Providers
  readonly sealer: Sealer
  readonly store: Store
  readonly log: Log
  readonly streams: StreamLimit
  readonly keepAnswer: KeepAnswer
  readonly allowedOrigins: ReadonlySet<string>
  /** Whether the listener is one that only this machine should reach. */
  readonly isLocal: boolean
}

/** One request on its way to the server it means. */
export interface Forwarding {
  readonly exchange: HeadExchange
  readonly server: Server
  /** The path below B that stands for the server, `/gh/mcp`, `/mcp/gh` or `/mcp`. */
  readonly mount: string
  readonly url: string
}

/** Whose streams are counted together. */
export function streamKeyOf({ clientNetwork }: HeadExchange, identity: AdmittedAs): string {
  return identity.kind === 'session' ? `session ${identity.grant.session}` : clientNetwork
}
