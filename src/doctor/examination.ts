import type { ProtectedResourceDocument } from '../oauth-client/documents.ts'
import { FAILURES } from './causes.ts'
import { toPrintable, toReadable } from './printable.ts'
import type { Answer, Probe } from './probe.ts'
import type { Cause, Step, StepName } from './report.ts'
import type { Target } from './target.ts'

/** What every part of an examination works with. */
export interface Examination {
  readonly target: Target
  readonly probe: Probe
  /** What a GET of a document gives; each URL is asked once. */
  readonly get: (url: string) => Promise<Answer>
  /** Adds a step to the report, without what was hidden. */
  readonly record: (step: Step) => void
  /** All that was recorded. */
  readonly steps: readonly Step[]
  /** Keeps a secret out of all further steps. */
  readonly hide: (secret: string | undefined) => void
}

/** A resource's metadata, and where it was. */
export interface FoundResource {
  readonly url: string
  readonly document: ProtectedResourceDocument
  /** What the official SDKs refuse of it. */
  readonly refusal: string | undefined
}

/** A step that went well. */
export function well(name: StepName, seen: string): Step {
  return { name, mark: 'well', seen: toPrintable(seen) }
}

/** A step of which nothing could be seen. */
export function unseen(name: StepName, seen: string): Step {
  return { name, mark: 'unseen', seen: toPrintable(seen) }
}

/** A step that failed. */
export function failed(name: StepName, seen: string, { cause, remedy }: Cause): Step {
  return { name, mark: 'failed', seen: toPrintable(seen), cause: toPrintable(cause, 400), remedy }
}

/** What it means that the official SDKs refuse an answer. */
export const SDK_REFUSAL: Cause = {
  cause:
    'clients on the official TypeScript SDK refuse the whole answer (a null, too): leave the member out, or give it its type',
  remedy: [],
}

/** An answer in a few words: its status, and what it says if it is an error. */
export function describeAnswer(answer: Answer): string {
  if (answer.kind === 'failed') return FAILURES[answer.failure]
  const { status, text, headers } = answer
  const location = headers.get('location')
  if (location !== null) return `${status}, to ${toPrintable(location)}`
  const said = status < 400 ? '' : toReadable(text)
  return said === '' ? String(status) : `${status}, "${said}"`
}

/** A GET that asks each URL once. */
export function createGet(probe: Probe): Examination['get'] {
  const answers = new Map<string, Promise<Answer>>()
  return (url) => {
    const headers = { accept: 'application/json', 'mcp-protocol-version': '2025-06-18' }
    const answer = answers.get(url) ?? probe({ url, headers })
    answers.set(url, answer)
    return answer
  }
}
