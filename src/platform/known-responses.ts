import { LRUCache } from 'lru-cache'
import type { HeaderPair } from '../gateway/headers.ts'
import { parseResponseHead, type ResponseMessage } from '../http1/response-head.ts'

const REMEMBERED = 2 * 1024 * 1024 // bytes, about, of all heads
const LONGEST = 4 * 1024 // bytes of one
const OVERHEAD = 2 * 1024 // bytes that one takes besides its text

/** The head of an answer, for the same text the same object. */
export interface KnownResponse extends ResponseMessage {
  readonly headers: readonly HeaderPair[]
}

/** Parses the text of an answer's head; undefined for what is none. */
export type ReadResponseHead = (text: string) => KnownResponse | undefined

/** A reader of heads that knows those of late again: a server says the same to all within a second. */
export function createResponseHeadReader(): ReadResponseHead {
  const known = new LRUCache<string, KnownResponse>({
    maxSize: REMEMBERED,
    maxEntrySize: LONGEST,
    sizeCalculation: (_, text) => OVERHEAD + text.length,
  })
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const message = parseResponseHead(text)
    if (message === undefined) return undefined
    const response = { ...message, headers: toPairs(message.lines) }
    known.set(text, response)
    return response
  }
}

function toPairs(lines: readonly string[]): readonly HeaderPair[] {
  const pairs: HeaderPair[] = []
  for (let at = 0; at + 1 < lines.length; at += 2)
    pairs.push([lines[at] ?? '', lines[at + 1] ?? ''])
  return pairs
}
