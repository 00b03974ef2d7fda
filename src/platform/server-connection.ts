import { MalformedError } from '../http1/chunked.ts'
import { HeadFinder } from './find-head.ts'
import { type Flow, IncomingBody } from './incoming-body.ts'
import type { HeadRefusal, PassedHead } from './known-heads.ts'
import { Reply, type ReplyLine } from './reply.ts'
import type { ServedConnection, Serving } from './serving.ts'
import type { Wire, WireEvents } from './wire.ts'

const MAX_HEAD = 32 * 1024 // bytes; sealed tokens and flow cookies are long
const MAX_DISCARDED = 16 * 1024 * 1024 // bytes of a body that may follow its answer unread
const MAX_BEHIND = 64 * 1024 // bytes of further requests that wait for the answer to this one

/**
 * One client's connection: requests one after the other, each answered before the next is looked at (RFC 9112 §9.3.2),
 * so that no two can be taken for each other.
 */
export class ServerConnection implements Flow, ReplyLine, WireEvents, ServedConnection {
  deadline: number
  #state: 'open' | 'lingering' | 'closed' = 'open'
  #pending: Buffer | undefined
  #body: IncomingBody | undefined
  #reply: Reply | undefined
  #isAnswering = false
  #isForEvents = false
  #isExpecting = false
  #isReading = false
  #isPaused = false
  /** What was written is still with us. */
  #isFull = false
  /** The answer under way is the last. */
  #isLast = false
  /** Nothing more is taken from the client, who has said too much already. */
  #isDeaf = false
  readonly #wire: Wire
  readonly #of: Serving
  readonly #heads: HeadFinder<PassedHead | HeadRefusal>

  constructor(wire: Wire, of: Serving) {
    this.#wire = wire
    this.#of = of
    const { remoteAddress } = wire
    this.#heads = new HeadFinder((text) => of.readHead(text, remoteAddress), MAX_HEAD)
    this.deadline = of.now() + of.patience.head
  }

  get isBusy(): boolean {
    // What is written and not yet taken is cut by an end, too.
    if (this.#isFull) return !this.#isForEvents || !this.#isAnswering
    return this.#isAnswering && (!this.#isForEvents || this.#reply?.isUnwritten === true)
  }

  expire(): void {
    const isIdle = !this.#isAnswering && this.#pending === undefined
    if (isIdle || this.#isFull || this.#state !== 'open') this.destroy()
    else this.#refuse({ kind: 'refused', status: 408, message: 'The request took too long' })
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#wire.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#wire.resume()
  }

  invite(): void {
    if (this.#isExpecting && this.#reply?.isUnwritten === true) {
      this.write('HTTP/1.1 100 Continue\r\n\r\n')
    }
    this.#isExpecting = false
  }

  write(data: string | Uint8Array): boolean {
    this.#isFull = !this.#wire.write(data)
    return !this.#isFull
  }

  tailOf(isLast: boolean): string {
    this.#isLast = isLast || this.#isDeaf || this.#of.isDraining() || this.#isBodyInDoubt()
    return this.#of.tailOf(this.#isLast)
  }

  onAnswered(): void {
    if (this.#state !== 'open') return
    this.#isAnswering = false
    if (this.#isLast || this.#isDeaf || this.#of.isDraining()) {
      this.#linger()
      return
    }
    const { now, patience } = this.#of
    const isBodyLeft = this.#body?.isOver === false
    this.deadline = now() + (isBodyLeft ? patience.head : patience.idle)
    if (isBodyLeft) this.#body?.discard()
    this.resume()
    this.#advance()
  }

  onDrain(): void {
    this.#isFull = false
    this.#reply?.onDrain()
    if (this.#isAnswering || this.#state !== 'open') return
    if (this.#isDeaf || this.#of.isDraining()) {
      this.#linger()
      return
    }
    this.resume()
    this.#advance()
  }

  destroy(): void {
    this.#wire.destroy()
    this.onGone()
  }

  onData(chunk: Buffer): void {
    if (this.#state !== 'open' || this.#isDeaf) return
    this.#pending = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk])
    this.#advance()
  }

  /** As far as the bytes that are there go. */
  #advance(): void {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#state === 'open' && this.#pending !== undefined) {
        if (!this.#step(this.#pending)) break
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isReading = false
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof MalformedError)) throw error
    // A request that has its answer gets no other.
    if (this.#isAnswering) this.#refuse({ kind: 'refused', status: 400, message: error.message })
    else this.destroy()
  }

  /** What is left of a body, or the next head; false where more must come first. */
  #step(pending: Buffer): boolean {
    if (this.#body?.isOver === false) {
      this.#feed(this.#body, pending)
      return true
    }
    if (!this.#isAnswering && !this.#isFull) return this.#readHead(pending)
    if (pending.length > MAX_BEHIND) this.#turnDeaf()
    // Who reads no answers could have us write them without end.
    else if (!this.#isAnswering) this.pause()
    return false
  }

  /** In a pause the client would not be seen to leave; so what it says is read, and dropped. */
  #turnDeaf(): void {
    this.#isDeaf = true
    this.#pending = undefined
  }

  /** Where a body that nobody read could be taken for the next request, or the next request for it. */
  #isBodyInDoubt(): boolean {
    if (this.#body?.isOver !== false) return false
    const { declared } = this.#body
    return this.#isExpecting || declared === undefined || declared > MAX_DISCARDED
  }

  #feed(body: IncomingBody, bytes: Buffer): void {
    this.#pending = undefined
    const used = body.feed(bytes)
    if (used < bytes.length) this.#pending = bytes.subarray(used)
    if (!body.isOver || this.#state !== 'open') return
    const { now, patience } = this.#of
    this.deadline = this.#isAnswering ? Number.POSITIVE_INFINITY : now() + patience.idle
  }

  #readHead(pending: Buffer): boolean {
    const start = skipEmptyLine(pending)
    const found = this.#heads.find(pending, start)
    switch (found.kind) {
      case 'unfinished':
        this.#awaitHead(found.text)
        return false
      case 'too-long':
        this.#refuse({ kind: 'refused', status: 431, message: 'The head is larger than 32 KiB' })
        return false
      case 'found':
        this.#pending = found.end === pending.length ? undefined : pending.subarray(found.end)
        if (found.head.kind === 'passed') this.#begin(found.head)
        else this.#refuse(found.head)
        return found.head.kind === 'passed'
    }
  }

  #awaitHead(text: string): void {
    const { now, patience } = this.#of
    this.deadline = Math.min(this.deadline, now() + patience.head)
    // Whoever ends lines so waits for an answer, not for the end of our patience.
    if (/[^\r]\n/.test(text)) {
      this.#refuse({ kind: 'refused', status: 400, message: 'Bad end of a line in the head' })
    }
  }

  #begin({ arrived, framing, isOld, isLast, isExpecting }: PassedHead): void {
    const { method } = arrived.head
    const { now, patience } = this.#of
    const body = new IncomingBody(framing, this)
    const reply = new Reply(this, { isHead: method === 'HEAD', isOld, isLast })
    this.#isAnswering = true
    this.#isForEvents = method === 'GET'
    this.#isExpecting = isExpecting
    this.#body = body
    this.#reply = reply
    this.deadline = body.isOver ? Number.POSITIVE_INFINITY : now() + patience.body
    if (!body.isOver && this.#pending !== undefined) this.#feed(body, this.#pending)
    this.#of.handle({ arrived, body, reply })
  }

  /** Answers what is no request, or not in time, and ends the connection: what follows could be anything. */
  #refuse(refusal: HeadRefusal): void {
    const isBegun = this.#isAnswering && this.#reply !== undefined
    const reply = isBegun && this.#reply !== undefined ? this.#reply : new Reply(this, LAST)
    this.#reply = reply
    this.#isAnswering = true
    if (!reply.isUnwritten) {
      this.destroy()
      return
    }
    reply.closeAfter()
    this.#of.refuse(reply, refusal)
  }

  onClosed(): void {
    this.#of.onClosed(this)
  }

  /** A connection that is closed with bytes unread takes back what was just written, so they are read for a while. */
  #linger(): void {
    this.#state = 'lingering'
    this.#pending = undefined
    this.#body?.leave()
    const { now, patience } = this.#of
    this.deadline = now() + patience.idle
    this.resume()
    this.#isFull = true
    this.#wire.end(() => {
      this.#isFull = false
      this.deadline = now() + patience.linger
    })
  }

  onGone(): void {
    if (this.#state === 'closed') return
    const isCut = this.#isAnswering
    this.#state = 'closed'
    this.#pending = undefined
    this.deadline = this.#of.now() + this.#of.patience.linger
    // The answer first, or it would be one to half a request.
    this.#reply?.leave()
    this.#body?.leave()
    // What was written of it would wait for a client that only says no more.
    if (isCut) this.#wire.destroy()
  }
}

const LAST = { isHead: false, isOld: false, isLast: true }

/** Some clients end a body with an empty line that does not belong to it (RFC 9112 §2.2). */
function skipEmptyLine(bytes: Buffer): number {
  return bytes[0] === 0x0d && bytes[1] === 0x0a ? 2 : 0
}
