import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { AnswerHead } from '../gateway/answer.ts'
import type { Carriage } from '../gateway/carriage.ts'
import type { HeaderPair } from '../gateway/headers.ts'
import type { Listening } from '../gateway/listening.ts'
import type { UpstreamError } from '../gateway/upstream.ts'
import type { Control, Dispatch, Sink } from './dispatch.ts'
import { type IncomingBody, readIncomingBody, TooLargeError } from './incoming-body.ts'

const HELD = 65_536 // bytes; an answer up to here is written in one piece

/** A client's request and where its answer goes. */
export interface Wire {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /** What the client says of the length of its body. */
  readonly declared: string | null
}

/** Carries one request upstream and its answer back, bytes as they come, held back by whoever is slow. */
export async function carry(wire: Wire, carriage: Carriage, dispatch: Dispatch): Promise<void> {
  const { incoming, outgoing, declared } = wire
  // Who left while his request was decided on is not there to say so again.
  if (outgoing.destroyed || incoming.socket.destroyed) return
  const isKept = carriage.isRepeatable
  const body =
    carriage.method === 'GET' ? NO_BODY : await readIncomingBody(incoming, { declared, isKept })
  if (body.kind === 'too-large') return writeResponse(outgoing, carriage.fail('too-large'))
  // A body that nobody reads would hide the end of the connection.
  if (body === NO_BODY) incoming.resume()
  new Crossing(outgoing, carriage, { body, dispatch, isLast: false }).send(carriage.headers)
}

/** Writes an answer of our own. */
export async function writeResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  const content = new Uint8Array(await response.arrayBuffer())
  const fields = flatten(response.headers)
  if (!isBodyless(response.status)) fields.push('content-length', String(content.length))
  outgoing.writeHead(response.status, fields).end(content)
}

const NO_BODY: IncomingBody = { kind: 'whole', content: new Uint8Array() }

interface Load {
  readonly body: Exclude<IncomingBody, { kind: 'too-large' }>
  readonly dispatch: Dispatch
  /** Whether a refusal stands. */
  readonly isLast: boolean
}

/**
 * One request under way: it waits for upstream's head, decides on it, holds a small answer until it is
 * all there, or lets a long one through as it comes; then it is over.
 */
class Crossing implements Sink {
  #state: 'waiting' | 'deciding' | 'holding' | 'open' | 'over' = 'waiting'
  #head: AnswerHead | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  #hasEnded = false
  #listening: Listening | undefined
  #passing: Promise<void> | undefined
  #control: Control | undefined
  readonly #outgoing: ServerResponse
  readonly #carriage: Carriage
  readonly #load: Load
  readonly #socket: Socket
  readonly #onGone = () => this.#abandon()

  constructor(outgoing: ServerResponse, carriage: Carriage, load: Load) {
    this.#outgoing = outgoing
    this.#carriage = carriage
    this.#load = load
    outgoing.on('close', () => this.#abandon())
    // An answer that stands behind another on its connection is not told of the end of that.
    this.#socket = outgoing.req.socket
    this.#socket.on('close', this.#onGone)
  }

  send(headers: readonly HeaderPair[]): void {
    const { url, method } = this.#carriage
    const { body, dispatch } = this.#load
    this.#control = dispatch({ url, method, headers, body: body.content }, this)
  }

  onHead(status: number, headers: readonly HeaderPair[], length?: number): void {
    if (this.#state !== 'waiting') return
    if (status === 401 && this.#mayRepeat()) {
      this.#repeat(status, headers, length).catch(() => this.#destroy())
      return
    }
    const judged = this.#carriage.judge(status, headers)
    if (!(judged instanceof Promise)) {
      this.#take(judged, length)
      return
    }
    this.#state = 'deciding'
    judged.then((answer) => this.#take(answer, length)).catch(() => this.#destroy())
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
    if (other instanceof Response) return this.#take(other, length)
    this.#state = 'over'
    if (!this.#hasEnded) this.#control?.abort()
    new Crossing(this.#outgoing, this.#carriage, { ...this.#load, isLast: true }).send(other)
  }

  #mayRepeat(): boolean {
    const { body, isLast } = this.#load
    return !isLast && body.kind === 'whole' && this.#carriage.isRepeatable
  }

  #isOver(): boolean {
    return this.#state === 'over'
  }

  #take(answer: AnswerHead | Response, length: number | undefined): void {
    if (this.#state === 'over') return
    if (answer instanceof Response) {
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

  #open({ status, headers }: AnswerHead, length: number | undefined): void {
    this.#state = 'open'
    const fields = flatten(headers)
    const isFramed = length !== undefined && !isBodyless(status)
    if (isFramed) fields.push('content-length', String(length))
    this.#outgoing.writeHead(status, fields)
    const held = this.#held
    this.#held = []
    // An event stream may have nothing to say for a while, but it is there.
    if (held.length === 0) this.#outgoing.flushHeaders()
    const isTaken = held.length === 0 || this.#pass(Buffer.concat(held))
    if (isTaken && this.#heldBytes > HELD) this.#control?.resume()
    if (this.#hasEnded) this.#close()
  }

  /** Looked at before it goes on, while there is something to look for. */
  #pass(chunk: Uint8Array): boolean {
    const passed = this.#listening?.pass(chunk) ?? chunk
    if (!(passed instanceof Promise)) return this.#write(passed)
    const send = async () => {
      const ready = await passed
      if (this.#isOver()) return
      if (ready.length === 0 || this.#write(ready)) this.#control?.resume()
    }
    this.#passing = this.#passing === undefined ? send() : this.#passing.then(send)
    this.#passing.catch(() => this.#destroy())
    return false
  }

  /** Upstream has said all; what is still looked at goes first. */
  #close(): void {
    const close = () => {
      if (this.#state === 'over') return
      this.#state = 'over'
      this.#outgoing.end(this.#listening?.flush())
    }
    if (this.#passing === undefined) close()
    else this.#passing.then(close).catch(() => this.#destroy())
  }

  #write(chunk: Uint8Array): boolean {
    if (this.#outgoing.write(chunk)) return true
    this.#outgoing.once('drain', () => this.#control?.resume())
    return false
  }

  /** All of it is there: one write, framed by its length. */
  #finish(): void {
    const head = this.#head
    if (head === undefined) return
    this.#state = 'over'
    const [first, ...more] = this.#held
    const content = more.length === 0 && first !== undefined ? first : Buffer.concat(this.#held)
    const fields = flatten(head.headers)
    if (!isBodyless(head.status)) fields.push('content-length', String(content.length))
    // Text of one byte a character goes out in one piece with the head; bytes would be a piece of their own.
    this.#outgoing.writeHead(head.status, fields).end(toBinary(content), 'latin1')
  }

  #answer(response: Response): void {
    this.#state = 'over'
    writeResponse(this.#outgoing, response).catch(() => this.#outgoing.destroy())
  }

  /** The client went away, or has its answer. */
  #abandon(): void {
    this.#socket.off('close', this.#onGone)
    this.#listening?.end()
    const isOver = this.#state === 'over'
    this.#state = 'over'
    if (!isOver) this.#control?.abort()
  }

  #destroy(): void {
    this.#state = 'over'
    this.#outgoing.destroy()
    this.#control?.abort()
  }
}

function toBinary({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}

function flatten(headers: Iterable<HeaderPair>): string[] {
  const fields: string[] = []
  for (const [name, value] of headers) fields.push(name, value)
  return fields
}

/** Whether answers of this status have no body (RFC 9110 §6.4.1). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

function reasonOf({ cause, reason }: UpstreamError): Parameters<Carriage['fail']>[0] {
  return cause instanceof TooLargeError ? 'too-large' : reason
}
