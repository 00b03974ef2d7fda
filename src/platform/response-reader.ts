import { ChunkedDecoder, MalformedError } from '../http1/chunked.ts'
import { HeadFinder } from './find-head.ts'
import type { KnownResponse, ReadResponseHead } from './known-responses.ts'

const MAX_HEAD = 32 * 1024 // bytes

/** What takes an answer, part by part. */
export interface ResponseSink {
  onHead(head: KnownResponse): void
  onData(part: Uint8Array): void
}

/** Reads the answers that come over one connection, one at a time. */
export class ResponseReader {
  #state: 'head' | 'length' | 'chunked' | 'close' | 'done' = 'head'
  #pending: Buffer | undefined
  #remaining = 0
  #chunked: ChunkedDecoder | undefined
  readonly #heads: HeadFinder<KnownResponse | undefined>
  readonly #sink: ResponseSink
  readonly #give = (part: Uint8Array): void => this.#sink.onData(part)

  constructor(readHead: ReadResponseHead, sink: ResponseSink) {
    this.#heads = new HeadFinder(readHead, MAX_HEAD)
    this.#sink = sink
  }

  /** Whether the answer is whole. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  /** Takes what arrived, and gives what of it stands behind the answer; throws a MalformedError. */
  read(chunk: Buffer): Buffer {
    let bytes = chunk
    while (bytes.length > 0 && this.#state !== 'done') {
      bytes = this.#state === 'head' ? this.#readHeadIn(bytes) : this.#readBody(bytes)
    }
    return bytes
  }

  /** The connection has ended: whether the answer has, too (RFC 9112 §6.3). */
  end(): boolean {
    if (this.#state === 'close') this.#state = 'done'
    return this.#state === 'done'
  }

  /** Goes on to the next answer. */
  reset(): void {
    this.#state = 'head'
    this.#pending = undefined
    this.#chunked = undefined
  }

  #readHeadIn(chunk: Buffer): Buffer {
    const bytes = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk])
    const found = this.#heads.find(bytes, 0)
    if (found.kind === 'too-long') {
      throw new MalformedError('The head of an answer is larger than 32 KiB')
    }
    this.#pending = found.kind === 'found' ? undefined : bytes
    if (found.kind === 'unfinished') return NOTHING
    const { head, end } = found
    // Nobody asked to switch protocols.
    if (head === undefined || head.status === 101) {
      throw new MalformedError('An answer that is not plain HTTP/1.1')
    }
    if (head.status >= 200) this.#begin(head)
    return bytes.subarray(end)
  }

  #begin(head: KnownResponse): void {
    const { framing } = head
    if (framing.kind === 'length') this.#remaining = framing.length
    if (framing.kind === 'chunked') this.#chunked = new ChunkedDecoder()
    const isEmpty = framing.kind === 'length' && framing.length === 0
    this.#state = isEmpty ? 'done' : framing.kind
    this.#sink.onHead(head)
  }

  #readBody(bytes: Buffer): Buffer {
    if (this.#chunked !== undefined) {
      const used = this.#chunked.decode(bytes, this.#give)
      if (this.#chunked.isDone) this.#state = 'done'
      return bytes.subarray(used)
    }
    if (this.#state === 'close') {
      this.#give(bytes)
      return NOTHING
    }
    const used = Math.min(bytes.length, this.#remaining)
    this.#remaining -= used
    if (this.#remaining === 0) this.#state = 'done'
    this.#give(used === bytes.length ? bytes : bytes.subarray(0, used))
    return used === bytes.length ? NOTHING : bytes.subarray(used)
  }
}

const NOTHING = Buffer.alloc(0)
