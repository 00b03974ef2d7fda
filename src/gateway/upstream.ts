import type { HeaderPair } from './headers.ts'

/** A request to an MCP server, as the gateway hands it to the platform. */
export interface UpstreamRequest {
  readonly url: string
  readonly method: string
  readonly headers: readonly HeaderPair[]
  /** Whole when small, streamed when large. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null
  readonly signal: AbortSignal
}

/** An MCP server's answer: its very bytes, still encoded as they came. */
export interface UpstreamResponse {
  readonly status: number
  readonly headers: readonly HeaderPair[]
  readonly body: ReadableStream<Uint8Array> | null
}

/** Sends a request upstream; never follows a redirect, never decodes a body, rejects as UpstreamError. */
export type Upstream = (request: UpstreamRequest) => Promise<UpstreamResponse>

/** Why there is no answer from an MCP server. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly reason: 'unreachable' | 'slow'

  constructor(reason: 'unreachable' | 'slow', options?: { cause?: unknown }) {
    super(`Upstream is ${reason}`, options)
    this.reason = reason
  }
}
