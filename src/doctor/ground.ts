import type { Examination } from './examination.ts'
import type { Answer, Probe } from './probe.ts'
import type { RegisteredClient } from './registration.ts'
import type { StepName } from './report.ts'
import type { FoundServer } from './server-metadata.ts'
import type { Target } from './target.ts'

/** What the walk of a client goes over: the same answers for every client. */
export interface Ground {
  readonly target: Target
  /** What a URL answers to this method without a token; each is asked once. */
  readonly ask: (method: 'GET' | 'HEAD' | 'POST', url: string) => Promise<Answer>
  readonly get: (url: string) => Promise<Answer>
  /** What a registration endpoint answers to a registration that it must refuse. */
  readonly tryRegistration: (url: string) => Promise<Answer>
  /** Where the challenge sends clients, if it does. */
  readonly challenged: string | undefined
  readonly hasClientId: boolean
  readonly own: OwnWay
}

/** Which way the doctor went itself, and how far it got: clients that go the same way get no further. */
export interface OwnWay {
  readonly server: FoundServer | undefined
  /** The resource that it named in its authorization request. */
  readonly resource: string | undefined
  readonly client: RegisteredClient | undefined
  /** The first step of the sign-in itself that failed. */
  readonly stopped: StepName | undefined
}

/** Why and where a client stops. */
export interface Stop {
  readonly why: string
  readonly at?: string
}

/** The ground of all walks, where nothing is asked twice. */
export function createGround(
  { target, probe, get }: Examination,
  known: Pick<Ground, 'challenged' | 'hasClientId' | 'own'>,
): Ground {
  const once = createOnce()
  const headers = { accept: 'application/json, text/event-stream' }
  // The head alone tells.
  const watch = () => () => true
  return {
    ...known,
    target,
    get,
    ask: (method, url) => once(`${method} ${url}`, () => probe({ url, method, headers, watch })),
    tryRegistration: (url) => once(`register ${url}`, () => probe(hopelessRegistration(url))),
  }
}

function createOnce() {
  const answers = new Map<string, ReturnType<Probe>>()
  return (key: string, ask: () => ReturnType<Probe>) => {
    const answer = answers.get(key) ?? ask()
    answers.set(key, answer)
    return answer
  }
}

/** Redirect URIs must be an array (RFC 7591 §2), so this leaves no client behind. */
function hopelessRegistration(url: string) {
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  const body = JSON.stringify({ redirect_uris: 'none' })
  return { url, method: 'POST', headers, body } as const
}
