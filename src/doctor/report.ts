/** A program that lines are pasted into. */
export type Place = 'mcp-oauth-proxy' | 'nginx' | 'Caddy' | 'HAProxy' | 'Apache httpd' | 'shell'

/** Lines to paste, for each program that could be the one. */
export type Remedy = readonly { readonly place: Place; readonly lines: readonly string[] }[]

/** Why a step failed, as far as it can be told from outside, and what mends it. */
export interface Cause {
  readonly cause: string
  readonly remedy: Remedy
}

/** How something went: well, failed, or not to be seen from where we stand. */
export type Mark = 'well' | 'failed' | 'unseen'

/** One thing that a client does, and what was seen of it. */
export interface Step extends Partial<Cause> {
  readonly name: StepName
  readonly mark: Mark
  /** Printable. */
  readonly seen: string
}

/** The steps, in the order in which a client takes them. */
export type StepName =
  | 'connect'
  | 'challenge'
  | 'resource metadata, by the challenge'
  | 'resource metadata, inserted'
  | 'resource metadata, appended'
  | 'resource'
  | 'server metadata, inserted'
  | 'server metadata, appended'
  | 'issuer'
  | 'PKCE'
  | 'endpoints'
  | 'registration'
  | 'authorize'
  | 'token'
  | 'handshake'
  | 'tools'
  | 'stream'
  | 'refresh'
  | 'clean up'

/** Whether a well-known client gets through, and where not. */
export interface ClientFinding {
  readonly client: string
  readonly mark: Mark
  /** Printable. */
  readonly why: string
  /** The URL at which it fails. */
  readonly at?: string
  /** Whether a server of today may well do without it, so that it counts for nothing. */
  readonly isFormer: boolean
}

/** All that was found at one URL. */
export interface Report {
  readonly url: string
  readonly steps: readonly Step[]
  readonly clients: readonly ClientFinding[]
}

/** Whether nothing failed. */
export function isWell({ steps, clients }: Report): boolean {
  const counting = clients.filter(({ isFormer }) => !isFormer)
  return [...steps, ...counting].every(({ mark }) => mark !== 'failed')
}
