import type { Socket } from 'node:net'
import { UpstreamError } from '../gateway/upstream.ts'
import { TooLargeError } from './dispatch.ts'
import type { KnownResponse, ReadResponseHead } from './known-responses.ts'
import type { ContentStream } from './read-content.ts'
import { ResponseReader, type ResponseSink } from './response-reader.ts'
import { toBinary } from './to-binary.ts'
import type { UpstreamExchange } from './upstream-exchange.ts'

const HEADERS_TIMEOUT = 60_000 // milliseconds
/** Milliseconds; less than the five seconds after which many servers close, so that no request meets that. */
const KEEP_ALIVE_TIMEOUT = 4_000
const MAX_KEEP_ALIVE = 60_000 // milliseconds, whatever upstream says
const MARGIN = 1_000 // milliseconds before upstream closes
const ONE_WRITE = 16 * 1024 // bytes; up to here copying a body costs less than writing twice

/** Who keeps connections. */
export interface Keeper {
  readonly readHead: ReadResponseHead
  /** Milliseconds. */
  now(): number
  onIdle(connection: UpstreamConnection): void
  onClosed(connection: UpstreamConnection): void
}

/** One connection to an MCP server, for one exchange at a time. */
export class UpstreamConnection implements ResponseSink {
  /** When patience with what is under way ends, or with nothing under way; in milliseconds. */
  deadline = Number.POSITIVE_INFINITY
  #exchange: UpstreamExchange | undefined
  #stream: ContentStream | undefined
  #head: KnownResponse | undefined
  #isSent = false
  #isPaused = false
  readonly #socket: Socket
  readonly #keeper: Keeper
  readonly #reader: ResponseReader

  constructor(socket: Socket, keeper: Keeper) {
    this.#socket = socket
    this.#keeper = keeper
    this.#reader = new ResponseReader(keeper.readHead, this)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('drain', () => this.#stream?.resume())
    socket.on('end', () => this.#close(new Error('Upstream closed the connection')))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => {
      this.#fail(new Error('The connection was closed'))
      keeper.onClosed(this)
    })
  }

  /** Whether another exchange can go over it. */
  get isUsable(): boolean {
    return this.#exchange === undefined && !this.#socket.destroyed && this.#socket.writable
  }

  /** Sends a request, and what comes back to its sink. */
  send(exchange: UpstreamExchange): void {
    const { head, content } = exchange
    this.#exchange = exchange
    exchange.begin(this)
    if (content.kind === 'stream') this.#sendStream(head, content.stream)
    else this.#sendWhole(head, content.bytes)
  }

  /** The sink takes more. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket.resume()
  }

  /** Patience has ended. */
  expire(): void {
    const exchange = this.#exchange
    this.destroy()
    exchange?.fail(new UpstreamError('slow', { cause: new Error('No answer in time') }))
  }

  destroy(): void {
    this.#exchange = undefined
    this.#stream = undefined
    this.#socket.destroy()
  }

  onHead(head: KnownResponse): void {
    const { status, headers, framing } = head
    this.#head = head
    this.deadline = Number.POSITIVE_INFINITY
    if (framing.kind === 'length') this.#exchange?.sink.onHead(status, headers, framing.length)
    else this.#exchange?.sink.onHead(status, headers)
  }

  onData(part: Uint8Array): void {
    const exchange = this.#exchange
    if (exchange === undefined || exchange.sink.onData(part)) return
    if (this.#isPaused || this.#exchange !== exchange) return
    this.#isPaused = true
    this.#socket.pause()
  }

  #sendWhole(head: string, bytes: Uint8Array): void {
    this.#isSent = true
    this.deadline = this.#keeper.now() + HEADERS_TIMEOUT
    if (bytes.length > ONE_WRITE) {
      this.#socket.write(head, 'latin1')
      this.#socket.write(bytes)
      return
    }
    // Text and bytes of it go out in one piece, where bytes behind text would be two.
    this.#socket.write(bytes.length === 0 ? head : head + toBinary(bytes), 'latin1')
  }

  #sendStream(head: string, stream: ContentStream): void {
    const isChunked = stream.length === undefined
    const isOver = () => this.#stream !== stream
    this.#isSent = false
    this.#stream = stream
    this.deadline = Number.POSITIVE_INFINITY
    this.#socket.write(head, 'latin1')
    stream.read({
      onData: (chunk) => isOver() || this.#write(chunk, isChunked),
      onEnd: () => {
        if (isOver()) return
        if (isChunked) this.#socket.write('0\r\n\r\n', 'latin1')
        this.#isSent = true
        this.#stream = undefined
        if (this.#head === undefined) this.deadline = this.#keeper.now() + HEADERS_TIMEOUT
      },
      onFailed: (reason) => {
        if (!isOver()) this.#fail(reason === 'gone' ? undefined : new TooLargeError())
      },
    })
  }

  #write(chunk: Uint8Array, isChunked: boolean): boolean {
    if (!isChunked) return this.#socket.write(chunk)
    // An empty chunk would be the last one.
    if (chunk.length === 0) return true
    const size = `${chunk.length.toString(16)}\r\n`
    if (chunk.length <= ONE_WRITE) {
      return this.#socket.write(`${size}${toBinary(chunk)}\r\n`, 'latin1')
    }
    this.#socket.write(size, 'latin1')
    this.#socket.write(chunk)
    return this.#socket.write('\r\n', 'latin1')
  }

  #take(chunk: Buffer): void {
    // Nobody asked: this would be taken for the answer to the next.
    if (this.#exchange === undefined) {
      this.#socket.destroy()
      return
    }
    try {
      const { length } = this.#reader.read(chunk)
      // Who has another answer in its place has left meanwhile, and ended the connection.
      if (this.#reader.isDone && this.#exchange !== undefined) this.#end(length === 0)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Upstream sends no more, which may be how it ends its answer. */
  #close(error: Error): void {
    if (this.#exchange === undefined) this.#socket.destroy()
    else if (this.#reader.end()) this.#end(false)
    else this.#fail(error)
  }

  /** The answer is whole, and the connection is free for the next if nothing is left on it. */
  #end(isClean: boolean): void {
    const exchange = this.#exchange
    const { isLast = true, keptFor } = this.#head ?? {}
    const kept = keptFor === undefined ? KEEP_ALIVE_TIMEOUT : keptFor * 1_000 - MARGIN
    this.#exchange = undefined
    this.#stream = undefined
    this.#head = undefined
    this.#reader.reset()
    if (isLast || !isClean || !this.#isSent || kept <= 0) this.#socket.destroy()
    else {
      this.resume()
      this.deadline = this.#keeper.now() + Math.min(kept, MAX_KEEP_ALIVE)
      this.#keeper.onIdle(this)
    }
    exchange?.end()
  }

  #fail(cause: unknown): void {
    const exchange = this.#exchange
    this.destroy()
    exchange?.fail(new UpstreamError('unreachable', { cause }))
  }
}
