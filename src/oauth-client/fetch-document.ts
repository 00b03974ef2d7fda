import type { FetchGuarded } from '../http/guarded-fetch.ts'
import { addressesFor, type Reach } from './reach.ts'

const LIMITS = { maxBytes: 262_144, timeout: 10_000 } // bytes, milliseconds

/** A document, or why there is none. */
export type Found<D> =
  | { readonly kind: 'found'; readonly document: D }
  /** There is none at this place. */
  | { readonly kind: 'missing'; readonly cause: string }
  /** Whether there is one is not to be known now. */
  | { readonly kind: 'down'; readonly cause: string }

/** Where a document may be fetched from. */
export interface DocumentSource {
  readonly reach: Reach
  readonly fetchGuarded: FetchGuarded
}

/** The document at a URL that somebody named. */
export async function fetchDocument<D>(
  url: string,
  { reach, fetchGuarded }: DocumentSource,
  parse: (text: string) => D | undefined,
): Promise<Found<D>> {
  const isAllowed = addressesFor(url, reach)
  if (isAllowed === undefined) return { kind: 'missing', cause: 'its address may not be asked' }
  const answer = await fetchGuarded({ url, method: 'GET' }, { ...LIMITS, isAllowed })
  if (answer.kind === 'failed') return { kind: 'down', cause: answer.cause }
  const { status, text } = answer
  if (isTemporary(status)) return { kind: 'down', cause: `status ${status}` }
  if (status !== 200) return { kind: 'missing', cause: `status ${status}` }
  const document = parse(text)
  return document === undefined
    ? { kind: 'missing', cause: 'not the metadata that belongs there' }
    : { kind: 'found', document }
}

/** Whether a status says nothing of what a working server would answer. */
export function isTemporary(status: number): boolean {
  return status >= 500 || status === 429 || status === 408
}
