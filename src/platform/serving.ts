import type { IncomingBody } from './incoming-body.ts'
import type { ArrivedHead, HeadRefusal, ReadHead } from './known-heads.ts'
import type { Reply } from './reply.ts'

/** Milliseconds that a client may take. */
export interface Patience {
  /** For a head, from its beginning. */
  readonly head: number
  /** For a body, from the end of the head. */
  readonly body: number
  /** Between an answer and the next request, or to take what is written. */
  readonly idle: number
  /** To close, once it has its last answer. */
  readonly linger: number
}

/** One request, its body and its answer. */
export interface Turn {
  readonly arrived: ArrivedHead
  readonly body: IncomingBody
  readonly reply: Reply
}

/** What all connections of a listener have in common. */
export interface Serving {
  readonly readHead: ReadHead
  readonly patience: Patience
  /** Milliseconds. */
  now(): number
  /** What every head ends in: the date, whether the connection is kept, the empty line. */
  tailOf(isLast: boolean): string
  handle(turn: Turn): void
  refuse(reply: Reply, refusal: HeadRefusal): void
  onClosed(connection: ServedConnection): void
  /** Whether each connection ends with the answer that is under way on it. */
  isDraining(): boolean
}

/** A connection, for whoever looks after all of them. */
export interface ServedConnection {
  /** When patience ends, in milliseconds. */
  readonly deadline: number
  /** Whether an answer is under way that its client needs whole, as it does no stream of events. */
  readonly isBusy: boolean
  /** Patience has ended. */
  expire(): void
  destroy(): void
}
