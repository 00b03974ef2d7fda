import { classifyFailure, type Failure } from './failure.ts'

/** One request of the doctor's. */
export interface Question {
  readonly url: string
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whether the body read so far is enough: a stream of events may go on for ever. */
  readonly isEnough?: (text: string) => boolean
  /** Milliseconds for all of it, 10 000 if not given. */
  readonly timeout?: number
}

/** What came back; times are in milliseconds after the request was sent. */
export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly headers: Headers
  /** The body, or as much of it as was wanted, came in time, or may come. */
  readonly text: string
  /** Whether there was more of it than may come, or it took too long. */
  readonly isCut: boolean
  readonly headersAfter: number
  readonly firstByteAfter: number | undefined
  readonly endedAfter: number
}

/** An answer, or why there is none. */
export type Answer = Answered | { readonly kind: 'failed'; readonly failure: Failure }

/** Asks once: bounded in time and size, without redirects or cookies. Never rejects. */
export type Probe = (question: Question) => Promise<Answer>

const TIMEOUT = 10_000 // milliseconds
const MAX_BODY = 262_144 // bytes

/** A probe over a runtime's fetch and clock. */
export function createProbe(fetch: typeof globalThis.fetch, now: () => number): Probe {
  return async (question) => {
    const { url, method = 'GET', headers = {}, body = null, timeout = TIMEOUT } = question
    const leaving = new AbortController()
    const { signal } = leaving
    // Not AbortSignal.timeout within AbortSignal.any: Node 20 collects it as garbage, and it never fires.
    const timer = setTimeout(() => leaving.abort(), timeout)
    const start = now()
    const elapsed = () => now() - start
    try {
      const init = { method, headers, body, signal, redirect: 'manual' as const }
      const response = await fetch(url, init)
      const { status } = response
      const headersAfter = elapsed()
      const read = await readBody(response.body, { isEnough: question.isEnough, elapsed })
      const endedAfter = elapsed()
      return {
        kind: 'answered',
        status,
        headers: response.headers,
        headersAfter,
        endedAfter,
        ...read,
      }
    } catch (error) {
      return { kind: 'failed', failure: signal.aborted ? 'timeout' : classifyFailure(error) }
    } finally {
      clearTimeout(timer)
      leaving.abort()
    }
  }
}

interface Reading {
  readonly isEnough: Question['isEnough']
  readonly elapsed: () => number
}

/** A body that ends too late or breaks off is told by what came of it. */
async function readBody(body: Response['body'], { isEnough, elapsed }: Reading) {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  let firstByteAfter: number | undefined
  if (isEnough?.('') === true) return { text, firstByteAfter, isCut: false }
  try {
    for await (const chunk of body ?? []) {
      firstByteAfter ??= elapsed()
      size += chunk.length
      if (size > MAX_BODY) return { text, firstByteAfter, isCut: true }
      text += decoder.decode(chunk, { stream: true })
      if (isEnough?.(text) === true) break
    }
    return { text, firstByteAfter, isCut: false }
  } catch {
    return { text, firstByteAfter, isCut: true }
  }
}
