import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Answering } from '../corpus/exchanges.ts'
import { portOf } from './proxy.ts'

/** A request as it arrived. */
export interface Arrived {
  readonly method: string
  readonly query: string
  readonly headers: readonly (readonly [string, string])[]
  readonly length: number
  readonly digest: string
}

/** A server that answers as it is told by number, and remembers what arrived. */
export interface RecordingServer {
  readonly port: number
  /** What arrived under this name, once it has arrived whole. */
  arrivedAs(name: string): Promise<Arrived>
  close(): void
}

/** Starts it; the query of a request says its name and the number of its answer: `?name=x&answer=3`. */
export async function startRecordingServer(
  answerings: readonly Answering[],
): Promise<RecordingServer> {
  const waiting = new Map<string, (arrived: Arrived) => void>()
  const arrivals = new Map<string, Promise<Arrived>>()
  const arrivedAs = (name: string) => {
    const known = arrivals.get(name)
    if (known !== undefined) return known
    const arrival = new Promise<Arrived>((resolve) => waiting.set(name, resolve))
    arrivals.set(name, arrival)
    return arrival
  }
  const server = createServer(async (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    const name = searchParams.get('name') ?? ''
    const answering = answerings[Number(searchParams.get('answer'))]
    if (answering?.isEarly === true) answering.answer(response, request)
    void arrivedAs(name)
    const body = await digest(request).catch(() => undefined)
    if (body === undefined) return
    waiting.get(name)?.({ ...headOf(request), ...body })
    if (answering?.isEarly !== true) answering?.answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    arrivedAs,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function headOf({ method = '', url = '', rawHeaders }: IncomingMessage) {
  const headers = Array.from(
    { length: rawHeaders.length / 2 },
    (_, at) => [(rawHeaders[2 * at] ?? '').toLowerCase(), rawHeaders[2 * at + 1] ?? ''] as const,
  )
  return { method, query: url.slice(url.indexOf('?')), headers }
}

async function digest(request: IncomingMessage) {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of request) {
    hash.update(chunk)
    length += chunk.length
  }
  return { length, digest: hash.digest('hex') }
}
