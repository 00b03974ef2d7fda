import type { UpstreamError } from '../gateway/upstream.ts'
import type { Control, Dispatched, Sink } from './dispatch.ts'

/** What an exchange needs of the connection that it goes over. */
interface Carrier {
  resume(): void
  destroy(): void
}

/** One request on its way to an MCP server, and its answer. */
export class UpstreamExchange implements Control {
  /** The head as it goes over the wire, its end included. */
  readonly head: string
  readonly content: Dispatched['content']
  readonly sink: Sink
  #carrier: Carrier | undefined
  #isOver = false

  constructor(head: string, content: Dispatched['content'], sink: Sink) {
    this.head = head
    this.content = content
    this.sink = sink
  }

  /** Whether nobody waits for its answer, or for more of it. */
  get isOver(): boolean {
    return this.#isOver
  }

  begin(carrier: Carrier): void {
    this.#carrier = carrier
  }

  resume(): void {
    if (!this.#isOver) this.#carrier?.resume()
  }

  abort(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#carrier?.destroy()
  }

  /** The answer is whole. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.sink.onEnd()
  }

  /** There is no answer, or none to its end. */
  fail(error: UpstreamError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.sink.onError(error)
  }
}
