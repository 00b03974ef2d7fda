import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'
import type { RequestHead } from '../request/exchange.ts'
import { createGate, type Passage } from '../request/gate.ts'
import type { Connection } from '../request/public-base.ts'
import { WireHeaders } from './wire-headers.ts'

const REMEMBERED = 8 * 1024 * 1024 // bytes, about, of all heads
const LONGEST = 16 * 1024 // bytes of one
/** Bytes that one takes besides its text; without them strangers' short heads would take ten times the limit. */
const OVERHEAD = 3 * 1024

/** A head that has passed the gate, and the connection it came over. */
export interface ArrivedHead {
  readonly kind: 'passed'
  /** For the same lines from the same peer the same object; its Content-Length is that of the first. */
  readonly head: RequestHead
  readonly connection: Connection
  readonly target: string
  /** Which line's value is the length of the body, if one is. */
  readonly lengthAt: number | undefined
}

type Refusal = Extract<Passage, { readonly kind: 'refused' }>

/** All that decides on a head, and what it came to. */
interface Known {
  readonly method: string
  readonly target: string
  readonly peer: string
  readonly lines: readonly string[]
  readonly arrived: ArrivedHead
}

/** Passes a head through the gate. */
export type ReadHead = (incoming: IncomingMessage) => ArrivedHead | Refusal

/**
 * A reader of heads that knows those of late again: one client says the same with each message, and all that is
 * decided of its head, here and by `perHead`, holds for the next.
 */
export function createHeadReader(): ReadHead {
  const passGate = createGate()
  const known = new LRUCache<string, Known>({
    maxSize: REMEMBERED,
    maxEntrySize: LONGEST,
    sizeCalculation: ({ lines, target }) =>
      lines.reduce((sum, { length }) => sum + length, OVERHEAD + target.length),
  })
  return (incoming) => {
    const { method = '', url: target = '', rawHeaders: lines } = incoming
    const peer = incoming.socket.remoteAddress ?? ''
    const key = authorizationOf(lines) ?? target
    const found = known.get(key)
    if (found !== undefined && isSame(found, { method, target, peer, lines })) return found.arrived
    const passage = passGate({ scheme: 'http', method, target, headers: lines })
    if (passage.kind === 'refused') return passage
    const arrived = arrive(passage, { method, peer, lines })
    known.set(key, { method, target, peer, lines, arrived })
    return arrived
  }
}

/** Whether two heads differ in the length of their bodies at most. */
function isSame(
  { method, target, peer, lines, arrived }: Known,
  other: Omit<Known, 'arrived'>,
): boolean {
  if (method !== other.method || target !== other.target || peer !== other.peer) return false
  if (lines.length !== other.lines.length) return false
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at] !== other.lines[at] && at !== arrived.lengthAt) return false
  }
  return true
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
  const lengthAt = lines.findIndex(
    (_, at) => at % 2 === 1 && isNamed(lines[at - 1], 'content-length'),
  )
  return {
    kind: 'passed',
    head: { method, url: `http://${host}${target}`, headers: new WireHeaders(lines) },
    connection: toConnection({ peer, host, target }),
    target,
    lengthAt: lengthAt === -1 ? undefined : lengthAt,
  }
}

/** What is known of the connection that a request for this target came over. */
export function toConnection({
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
