import type { HeaderPair } from '../gateway/headers.ts'
import type { UpstreamError } from '../gateway/upstream.ts'
import type { Content } from './read-content.ts'

/** A request on its way to an MCP server, its body whole or as it comes. */
export interface Dispatched {
  readonly url: string
  readonly method: string
  readonly headers: readonly HeaderPair[]
  readonly content: Extract<Content, { kind: 'whole' | 'stream' }>
}

/** What takes an answer, bytes as they arrive. */
export interface Sink {
  /** The length in bytes where upstream says it, headers as they came. */
  onHead(status: number, headers: readonly HeaderPair[], length?: number): void
  /** False to be given nothing more until `resume`. */
  onData(chunk: Uint8Array): boolean
  onEnd(): void
  /** No answer, or none to its end; not after `abort`. */
  onError(error: UpstreamError): void
}

/** The reins of an exchange that is under way. */
export interface Control {
  resume(): void
  abort(): void
}

/**
 * Sends a request upstream without streams in between; follows no redirect, decodes no body. Throws a TypeError for
 * headers that can not be sent.
 */
export type Dispatch = (request: Dispatched, sink: Sink) => Control

/** A body beyond the limit. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}
