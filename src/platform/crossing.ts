import type { Carried } from '../app.ts'
import type { AnswerHead } from '../gateway/answer.ts'
import type { Carriage } from '../gateway/carriage.ts'
import type { HeaderPair } from '../gateway/headers.ts'
import type { Listening } from '../gateway/listening.ts'
import type { UpstreamError } from '../gateway/upstream.ts'
import { TextAnswer } from '../request/answer.ts'
import { type Control, type Dispatch, type Sink, TooLargeError } from './dispatch.ts'
import type { Content } from './read-content.ts'
import type { Reply } from './reply.ts'

const HELD = 65_536 // bytes; an answer up to here is written in one piece

/** What a request takes upstream, and how. */
interface Load {
  readonly content: Extract<Content, { kind: 'whole' | 'stream' }>
  readonly dispatch: Dispatch
  /** Whether a refusal stands. */
  readonly isLast: boolean
}

/**
 * One request under way: it waits for upstream's head, decides on it, holds a small answer until it is
 * all there, or lets a long one through as it comes; then it is over.
 */
export class Crossing implements Sink {
  #state: 'waiting' | 'deciding' | 'holding' | 'open' | 'over' = 'waiting'
  #head: AnswerHead | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  #hasEnded = false
  #listening: Listening | undefined
  #passing: Promise<void> | undefined
  #control: Control | undefined
  readonly #reply: Reply
  readonly #carriage: Carried
  readonly #load: Load

  constructor(reply: Reply, carriage: Carried, load: Load) {
    this.#reply = reply
    this.#carriage = carriage
    this.#load = load
    reply.onOver = () => this.#abandon()
    reply.onDrain = () => this.#control?.resume()
  }

  send(headers: readonly HeaderPair[]): void {
    const { url, method } = this.#carriage
    const { content, dispatch } = this.#load
    try {
      this.#control = dispatch({ url, method, headers, content }, this)
    } catch (error) {
      this.#fault(error)
    }
  }

  onHead(status: number, headers: readonly HeaderPair[], length?: number): void {
    if (this.#state !== 'waiting') return
    if (status === 401 && this.#mayRepeat()) {
      this.#repeat(status, headers, length).catch((error) => this.#fault(error))
      return
    }
    const judged = this.#carriage.judge(status, headers)
    if (!(judged instanceof Promise)) {
      this.#take(judged, length)
      return
    }
    this.#state = 'deciding'
    judged.then((answer) => this.#take(answer, length)).catch((error) => this.#fault(error))
  }

  onData(chunk: Uint8Array): boolean {
    switch (this.#state) {
      case 'open':
        return this.#pass(chunk)
      case 'deciding':
      case 'holding':
        this.#held.push(chunk)
        this.#heldBytes += chunk.length
        return this.#heldBytes <= HELD
      default:
        return true
    }
  }

  onEnd(): void {
    this.#hasEnded = true
    if (this.#state === 'holding') this.#finish()
    else if (this.#state === 'open') this.#close()
  }

  onError(error: UpstreamError): void {
    if (this.#state === 'open') this.#destroy()
    else if (this.#state !== 'over') this.#answer(this.#carriage.fail(reasonOf(error)))
  }

  /** A refused credential may have a newer one in its place: the request is sent once more with that. */
  async #repeat(status: number, headers: readonly HeaderPair[], length: number | undefined) {
    this.#state = 'deciding'
    const other = await this.#carriage.repeat()
    // The client may have gone away meanwhile.
    if (this.#isOver()) return
    if (other === undefined) return this.#take(await this.#carriage.judge(status, headers), length)
    if (other instanceof TextAnswer) return this.#take(other, length)
    this.#state = 'over'
    if (!this.#hasEnded) this.#control?.abort()
    new Crossing(this.#reply, this.#carriage, { ...this.#load, isLast: true }).send(other)
  }

  #mayRepeat(): boolean {
    const { content, isLast } = this.#load
    return !isLast && content.kind === 'whole' && this.#carriage.isRepeatable
  }

  #isOver(): boolean {
    return this.#state === 'over'
  }

  #take(answer: AnswerHead | TextAnswer, length: number | undefined): void {
    if (this.#state === 'over') return
    if (answer instanceof TextAnswer) {
      this.#answer(answer)
      this.#control?.abort()
      return
    }
    this.#head = answer
    this.#listening = this.#carriage.follow(answer)
    // What is looked at may change its length, and whoever listens waits for every byte.
    if (this.#listening !== undefined) this.#open(answer, undefined)
    else if (this.#hasEnded || (length !== undefined && length <= HELD)) this.#hold()
    else this.#open(answer, length)
  }

  #hold(): void {
    this.#state = 'holding'
    if (this.#hasEnded) this.#finish()
  }

  #open(head: AnswerHead, length: number | undefined): void {
    this.#state = 'open'
    // An event stream may have nothing to say for a while, but it is there.
    this.#reply.open(head, length)
    const held = this.#held
    this.#held = []
    const isTaken = held.length === 0 || this.#pass(Buffer.concat(held))
    if (isTaken && this.#heldBytes > HELD) this.#control?.resume()
    if (this.#hasEnded) this.#close()
  }

  /** Looked at before it goes on, one after the other, while there is something to look for. */
  #pass(chunk: Uint8Array): boolean {
    if (this.#listening === undefined) return this.#write(chunk)
    const passed =
      this.#passing === undefined ? this.#listening.pass(chunk) : this.#passAfter(chunk)
    if (!(passed instanceof Promise)) return this.#write(passed)
    const passing = passed.then((ready) => {
      if (this.#passing === passing) this.#passing = undefined
      if (this.#isOver()) return
      if (ready.length === 0 || this.#write(ready)) this.#control?.resume()
    })
    this.#passing = passing
    passing.catch(() => this.#destroy())
    return false
  }

  async #passAfter(chunk: Uint8Array): Promise<Uint8Array> {
    await this.#passing
    return this.#listening?.pass(chunk) ?? chunk
  }

  /** Upstream has said all; what is still looked at goes first. */
  #close(): void {
    const close = () => {
      if (this.#state === 'over') return
      this.#state = 'over'
      const last = this.#listening?.flush()
      if (last !== undefined) this.#reply.write(last)
      this.#reply.end()
    }
    if (this.#passing === undefined) close()
    else this.#passing.then(close).catch(() => this.#destroy())
  }

  #write(chunk: Uint8Array): boolean {
    return this.#reply.write(chunk)
  }

  /** All of it is there: one write, framed by its length. */
  #finish(): void {
    const head = this.#head
    if (head === undefined) return
    const [first, ...more] = this.#held
    const content = more.length === 0 && first !== undefined ? first : Buffer.concat(this.#held)
    this.#state = 'over'
    this.#reply.writeWhole(head, content)
  }

  #answer(answer: TextAnswer): void {
    this.#state = 'over'
    this.#reply.writeText(answer)
  }

  /** The client went away, or has its answer. */
  #abandon(): void {
    this.#listening?.end()
    const isOver = this.#state === 'over'
    this.#state = 'over'
    if (!isOver) this.#control?.abort()
  }

  /** Something failed that must not: the client is told so if it was told nothing yet. */
  #fault(error: unknown): void {
    if (this.#state === 'open' || this.#state === 'over') {
      this.#destroy()
      return
    }
    this.#state = 'over'
    this.#control?.abort()
    this.#reply.writeText(this.#carriage.fault(error))
  }

  #destroy(): void {
    this.#state = 'over'
    this.#reply.destroy()
    this.#control?.abort()
  }
}

function reasonOf({ cause, reason }: UpstreamError): Parameters<Carriage['fail']>[0] {
  return cause instanceof TooLargeError ? 'too-large' : reason
}
