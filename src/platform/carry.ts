import type { Carried } from '../app.ts'
import { Crossing } from './crossing.ts'
import type { Dispatch } from './dispatch.ts'
import type { IncomingBody } from './incoming-body.ts'
import { type Content, readContent } from './read-content.ts'
import type { Turn } from './serving.ts'

/** Carries one request upstream and its answer back, bytes as they come, held back by whoever is slow. */
export function carry({ body, reply }: Turn, carriage: Carried, dispatch: Dispatch): void {
  // Who left while his request was decided on is not there to say so again.
  if (reply.isOver) return
  const send = (content: Content) => {
    switch (content.kind) {
      case 'gone':
        return
      case 'too-large':
        reply.writeText(carriage.fail('too-large'))
        return
      case 'whole':
      case 'stream':
        new Crossing(reply, carriage, { content, dispatch, isLast: false }).send(carriage.headers)
    }
  }
  if (carriage.method === 'GET') send(without(body))
  else readContent(body, { isKept: carriage.isRepeatable }, send)
}

/** MCP knows no GET with a body; one that nobody reads would hide the end of the connection. */
function without(body: IncomingBody): Content {
  body.discard()
  return NOTHING
}

const NOTHING: Content = { kind: 'whole', bytes: new Uint8Array() }
