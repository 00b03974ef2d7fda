import type { HeaderPair } from '../gateway/headers.ts'
import type { UpstreamError } from '../gateway/upstream.ts'

/** A request on its way to an MCP server, its body whole or as it comes. */
export interface Dispatched {
  readonly url: string
  readonly method: string
  readonly headers: readonly HeaderPair[]
  readonly body: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array> | null
}

/** What takes an answer, bytes as they arrive. */
export interface Sink {
  /** The length in bytes only where the body comes just as upstream framed it. */
  onHead(status: number, headers: readonly HeaderPair[], length?: number): void
  /** False to be given nothing more until `resume`. */
  onData(chunk: Uint8Array): boolean
  onEnd(): void
  /** No answer, or none to its end; also after `abort`. */
  onError(error: UpstreamError): void
}

/** The reins of an exchange that is under way. */
export interface Control {
  resume(): void
  abort(): void
}

/** Sends a request upstream without streams in between; follows no redirect, decodes no body. */
export type Dispatch = (request: Dispatched, sink: Sink) => Control
