import { ChunkedDecoder } from '../http1/chunked.ts'
import type { Framing } from '../http1/framing.ts'

/** What takes a body, bytes as they arrive. */
export interface BodySink {
  /** False to be given nothing more until `resume`. */
  onData(chunk: Uint8Array): boolean
  onEnd(): void
  /** The client went away, or what it sent is no body. */
  onGone(): void
}

/** The reins of the connection that a body comes over. */
export interface Flow {
  pause(): void
  resume(): void
  /** Somebody waits for the body. */
  invite(): void
}

const HELD = 64 * 1024 // bytes that wait for somebody to read them

/** The body of one request on its way: it waits to be read, by one reader. */
export class IncomingBody {
  /** What the client says of its length in bytes. */
  readonly declared: number | undefined
  readonly #chunked: ChunkedDecoder | undefined
  readonly #flow: Flow
  readonly #give = (chunk: Uint8Array): void => this.#take(chunk)
  #remaining: number
  #state: 'arriving' | 'whole' | 'gone' = 'arriving'
  #held: Uint8Array[] = []
  #heldBytes = 0
  #sink: BodySink | undefined

  constructor(framing: Exclude<Framing, { kind: 'close' }>, flow: Flow) {
    this.#flow = flow
    const isDeclared = framing.kind === 'length'
    this.declared = isDeclared ? framing.length : undefined
    this.#remaining = isDeclared ? framing.length : 0
    this.#chunked = isDeclared ? undefined : new ChunkedDecoder()
    if (framing.kind === 'length' && framing.length === 0) this.#state = 'whole'
  }

  /** Whether there is nothing more to come. */
  get isOver(): boolean {
    return this.#state !== 'arriving'
  }

  /** All of it, if it has arrived and nobody has read it. */
  get content(): Uint8Array | undefined {
    if (this.#state !== 'whole' || this.#sink !== undefined) return undefined
    const [first = NOTHING, ...more] = this.#held
    return more.length === 0 ? first : Buffer.concat(this.#held)
  }

  /** Takes what arrived, and gives how many bytes of it were this body's; throws a MalformedError. */
  feed(bytes: Uint8Array): number {
    return this.#chunked === undefined ? this.#count(bytes) : this.#decode(bytes, this.#chunked)
  }

  /** Reads it from its beginning, or from where another reader was; at once, unless there is no room for more yet. */
  read(sink: BodySink, hasRoom = true): void {
    this.#sink = sink
    const held = this.#held
    this.#held = []
    let isTaken = hasRoom
    for (const chunk of held) isTaken = sink.onData(chunk)
    if (this.#state === 'whole') sink.onEnd()
    else if (this.#state === 'gone') sink.onGone()
    else {
      if (held.length === 0) this.#flow.invite()
      if (isTaken) this.#flow.resume()
    }
  }

  /** The reader takes more. */
  resume(): void {
    if (this.#state === 'arriving') this.#flow.resume()
  }

  /** Lets what is left of it pass unread. */
  discard(): void {
    this.#held = []
    this.#sink = DISCARDING
    this.resume()
  }

  /** It will not come to its end. */
  leave(): void {
    if (this.#state !== 'arriving') return
    this.#state = 'gone'
    this.#sink?.onGone()
  }

  #count(bytes: Uint8Array): number {
    const used = Math.min(bytes.length, this.#remaining)
    this.#remaining -= used
    // First the state, so that who takes the last chunk knows that it is the last.
    if (this.#remaining === 0) this.#state = 'whole'
    if (used > 0) this.#take(used === bytes.length ? bytes : bytes.subarray(0, used))
    if (this.#remaining === 0) this.#sink?.onEnd()
    return used
  }

  #decode(bytes: Uint8Array, chunked: ChunkedDecoder): number {
    const used = chunked.decode(bytes, this.#give)
    if (!chunked.isDone) return used
    this.#state = 'whole'
    // Its last data may have come with its end, before which nobody knew that it was the last.
    this.#flow.resume()
    this.#sink?.onEnd()
    return used
  }

  #take(chunk: Uint8Array): void {
    const sink = this.#sink
    if (sink !== undefined) {
      const isTaken = sink.onData(chunk)
      // Another may read on by now; and in a pause behind the last chunk nobody would see the client leave.
      if (!isTaken && this.#sink === sink && this.#state === 'arriving') this.#flow.pause()
      return
    }
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes > HELD && this.#state === 'arriving') this.#flow.pause()
  }
}

const NOTHING = new Uint8Array()

const DISCARDING: BodySink = {
  onData: () => true,
  onEnd: () => undefined,
  onGone: () => undefined,
}
