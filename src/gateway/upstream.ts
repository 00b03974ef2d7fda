import type { HeaderPair } from './headers.ts'

/** The head of an MCP server's answer. */
export interface UpstreamHead {
  readonly status: number
  readonly headers: readonly HeaderPair[]
}

/** Why there is no answer from an MCP server. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly reason: 'unreachable' | 'slow'

  constructor(reason: 'unreachable' | 'slow', options?: { cause?: unknown }) {
    super(`Upstream is ${reason}`, options)
    this.reason = reason
  }
}
