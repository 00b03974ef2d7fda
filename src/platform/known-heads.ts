import { LRUCache } from 'lru-cache'
import { parseRequestHead, type RequestMessage } from '../http1/request-head.ts'
import type { RequestHead } from '../request/exchange.ts'
import { createGate, type Passage } from '../request/gate.ts'
import type { Connection } from '../request/public-base.ts'
import { WireHeaders } from './wire-headers.ts'

const REMEMBERED = 8 * 1024 * 1024 // bytes, about, of all heads; as much again of their texts
const LONGEST = 16 * 1024 // bytes of one
/** Bytes that one takes besides its text; without them strangers' short heads would take ten times the limit. */
const OVERHEAD = 3 * 1024

/** A head that has passed the gate, and the connection it came over. */
export interface ArrivedHead {
  /** For the same lines from the same peer the same object; without the length of a body, which is each body's own. */
  readonly head: RequestHead
  readonly connection: Connection
}

/** A head that goes further, and how its body comes. */
export interface PassedHead
  extends Pick<RequestMessage, 'framing' | 'isOld' | 'isLast' | 'isExpecting'> {
  readonly kind: 'passed'
  readonly arrived: ArrivedHead
}

/** A head that goes no further. */
export interface HeadRefusal {
  readonly kind: 'refused'
  readonly status: 400 | 404 | 405 | 408 | 417 | 431 | 505
  readonly message: string
}

/** Parses the text of a head that came from a peer, and passes it through the gate. */
export type ReadHead = (text: string, peer: string) => PassedHead | HeadRefusal

/**
 * A reader of heads that knows those of late again: one client says the same with each message, and all that is
 * decided of its head, here and by `perHead`, holds for the next. What was said to the letter is not parsed anew.
 */
export function createHeadReader(): ReadHead {
  const known = new LRUCache<string, { readonly peer: string; readonly head: PassedHead }>({
    maxSize: REMEMBERED,
    maxEntrySize: LONGEST,
    sizeCalculation: (_, text) => OVERHEAD + text.length,
  })
  const read = createParsingReader()
  return (text, peer) => {
    const found = known.get(text)
    if (found?.peer === peer) return found.head
    const head = read(text, peer)
    if (head.kind === 'passed' && isToComeAgain(head.arrived)) known.set(text, { peer, head })
    return head
  }
}

/** All that decides on a head, and what it came to. */
interface Known {
  readonly method: string
  readonly target: string
  readonly peer: string
  readonly lines: readonly string[]
  readonly arrived: ArrivedHead
}

/** Heads that differ in the length of their bodies alone are the same head. */
function createParsingReader(): ReadHead {
  const passGate = createGate()
  const known = new LRUCache<string, Known>({
    maxSize: REMEMBERED,
    maxEntrySize: LONGEST,
    sizeCalculation: ({ lines, target }) =>
      lines.reduce((sum, { length }) => sum + length, OVERHEAD + target.length),
  })
  return (text, peer) => {
    const message = parseRequestHead(text)
    if (message.kind === 'malformed') return refuse(message.status)
    const { method, target, lines } = message
    const key = authorizationOf(lines) ?? target
    const found = known.get(key)
    if (found !== undefined && isSame(found, { method, target, peer, lines })) {
      return pass(message, found.arrived)
    }
    const passage = passGate({ scheme: 'http', method, target, headers: lines })
    if (passage.kind === 'refused') return passage
    const arrived = arrive(passage, { method, peer, lines })
    if (isToComeAgain(arrived)) known.set(key, { method, target, peer, lines, arrived })
    return pass(message, arrived)
  }
}

/** The steps of a sign-in come once: kept, they would only take the place of others. */
function isToComeAgain({ head, connection }: ArrivedHead): boolean {
  return connection.search === '' && !head.headers.has('cookie')
}

function pass(
  { framing, isOld, isLast, isExpecting }: RequestMessage,
  arrived: ArrivedHead,
): PassedHead {
  return { kind: 'passed', arrived, framing, isOld, isLast, isExpecting }
}

const MESSAGES = {
  400: 'Bad request: a line, a length or an encoding that is not plain',
  417: 'Unknown expectation: want 100-continue',
  505: 'Unknown version: want HTTP/1.1',
} as const

function refuse(status: keyof typeof MESSAGES): HeadRefusal {
  return { kind: 'refused', status, message: MESSAGES[status] }
}

/** Whether two heads differ in the length of their bodies at most. */
function isSame({ method, target, peer, lines }: Known, other: Omit<Known, 'arrived'>): boolean {
  if (method !== other.method || target !== other.target || peer !== other.peer) return false
  if (lines.length !== other.lines.length) return false
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at] !== other.lines[at] && !isLengthAt(lines, at)) return false
  }
  return true
}

function isLengthAt(lines: readonly string[], at: number): boolean {
  return at % 2 === 1 && isNamed(lines[at - 1], 'content-length')
}

/** Tells clients apart best; of several only one is looked at, and the gate refuses them. */
function authorizationOf(lines: readonly string[]): string | undefined {
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (isNamed(lines[at], 'authorization')) return lines[at + 1]
  }
  return undefined
}

function isNamed(name: string | undefined, wanted: string): boolean {
  return name?.length === wanted.length && name.toLowerCase() === wanted
}

function arrive(
  { host, target }: Extract<Passage, { readonly kind: 'passed' }>,
  { method, peer, lines }: Pick<Known, 'method' | 'peer' | 'lines'>,
): ArrivedHead {
  // Each body has a length of its own, which others would take for theirs.
  const kept = lines.filter((_, at) => !isLengthAt(lines, at) && !isLengthAt(lines, at + 1))
  return {
    head: { method, url: `http://${host}${target}`, headers: new WireHeaders(kept) },
    connection: toConnection({ peer, host, target }),
  }
}

/** What is known of the connection that a request for this target came over. */
function toConnection({
  peer,
  host,
  target,
}: {
  readonly peer: string
  readonly host: string
  readonly target: string
}): Connection {
  const query = target.indexOf('?')
  return { peer: plainAddress(peer), host, search: query === -1 ? '' : target.slice(query) }
}

/** An IPv4 peer of a dual-stack listener comes as ::ffff:127.0.0.1. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
