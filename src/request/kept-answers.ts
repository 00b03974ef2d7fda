import { LRUCache } from 'lru-cache'
import type { TextAnswer } from './answer.ts'
import type { PublicBase } from './public-base.ts'

const KEPT = 2 * 1024 * 1024 // bytes, about, of all answers
const LONGEST = 64 * 1024 // bytes of one
const OVERHEAD = 1024 // bytes that one takes besides its text

/** Where an answer is given, and all else that it is made of. */
export interface AnswerOrigin {
  readonly base: PublicBase
  /** What tells it from all others below that base, such as its path. */
  readonly at: string
  /** Compared by identity: what is made anew each time has its answer made anew. */
  readonly of: readonly unknown[]
}

/** The answer that was made of the same before, or the one that is made now. */
export type KeepAnswer = (origin: AnswerOrigin, make: () => TextAnswer) => TextAnswer

interface Kept {
  readonly base: PublicBase
  readonly of: readonly unknown[]
  readonly answer: TextAnswer
}

/** Keeps answers that all clients get alike: documents and challenges. Strangers choose hosts, so it is bounded. */
export function createAnswerKeeper(): KeepAnswer {
  const known = new LRUCache<string, Kept>({
    maxSize: KEPT,
    maxEntrySize: LONGEST,
    sizeCalculation: ({ answer }, key) => OVERHEAD + key.length + 2 * answer.text.length,
  })
  return ({ base, at, of }, make) => {
    const key = `${base.origin}${base.prefix} ${at}`
    const found = known.get(key)
    if (found !== undefined && found.base === base && isSame(found.of, of)) return found.answer
    const answer = make()
    known.set(key, { base, of, answer })
    return answer
  }
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((part, at) => part === other[at])
}
