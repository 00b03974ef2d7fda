import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Carried } from '../app.ts'
import { Crossing } from './crossing.ts'
import type { Dispatch } from './dispatch.ts'
import { type IncomingBody, readIncomingBody } from './incoming-body.ts'
import { writeText } from './write-answer.ts'

/** A client's request and where its answer goes. */
export interface Wire {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /** What the client says of the length of its body. */
  readonly declared: string | null
}

/** Carries one request upstream and its answer back, bytes as they come, held back by whoever is slow. */
export async function carry(wire: Wire, carriage: Carried, dispatch: Dispatch): Promise<void> {
  const { incoming, outgoing, declared } = wire
  // Who left while his request was decided on is not there to say so again.
  if (outgoing.destroyed || incoming.socket.destroyed) return
  const isKept = carriage.isRepeatable
  const body =
    carriage.method === 'GET' ? NO_BODY : await readIncomingBody(incoming, { declared, isKept })
  if (body.kind === 'gone') return
  if (body.kind === 'too-large') return writeText(outgoing, carriage.fail('too-large'))
  // A body that nobody reads would hide the end of the connection.
  if (body === NO_BODY) incoming.resume()
  new Crossing(outgoing, carriage, { body, dispatch, isLast: false }).send(carriage.headers)
}

const NO_BODY: IncomingBody = { kind: 'whole', content: new Uint8Array() }
