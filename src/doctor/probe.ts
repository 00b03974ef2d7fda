import { classifyFailure, type Failure } from './failure.ts'

/** One request of the doctor's. */
export interface Question {
  readonly url: string
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Makes a watcher that says, part by part, when enough was read: a stream of events may go on for ever. */
  readonly watch?: Watch
  /** Milliseconds for all of it, 10 000 if not given. */
  readonly timeout?: number
}

/** A watcher sees each part of a body once, so that many small parts cost no more than one; the first is the head's. */
export type Watch = () => (part: string) => boolean

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
      const read = await readBody(response.body, { watch: question.watch, elapsed })
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
  readonly watch: Watch | undefined
  readonly elapsed: () => number
}

/** A body that ends too late or breaks off is told by what came of it. */
async function readBody(body: Response['body'], { watch, elapsed }: Reading) {
  const decoder = new TextDecoder()
  const isEnough = watch?.()
  const parts: string[] = []
  let size = 0
  let firstByteAfter: number | undefined
  const read = (isCut: boolean) => ({ text: parts.join(''), firstByteAfter, isCut })
  if (isEnough?.('') === true) return read(false)
  try {
    for await (const chunk of body ?? []) {
      firstByteAfter ??= elapsed()
      size += chunk.length
      if (size > MAX_BODY) return read(true)
      const part = decoder.decode(chunk, { stream: true })
      parts.push(part)
      if (isEnough?.(part) === true) break
    }
    return read(false)
  } catch {
    return read(true)
  }
}
