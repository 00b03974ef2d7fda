import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { App, Carried } from '../app.ts'
import { after, type Ready } from '../ready.ts'
import { TextAnswer } from '../request/answer.ts'
import type { Passage } from '../request/gate.ts'
import { carry, type Wire } from './carry.ts'
import type { Dispatch } from './dispatch.ts'
import { createHeadReader, toConnection } from './known-heads.ts'
import type { Listener, Listening } from './platform.ts'
import { writeText } from './write-answer.ts'

const MAX_HEADER_SIZE = 32 * 1024 // bytes; sealed tokens and flow cookies are long
const HEADERS_TIMEOUT = 15_000 // milliseconds
const CHECKING_INTERVAL = 5_000 // milliseconds
const GRACE = 8_000 // milliseconds that a stopped server gives to what it has begun
const KEEP_ALIVE_TIMEOUT = 75_000 // milliseconds

/** Listens by node:http, which all three runtimes have and which alone shows the raw target. */
export function listen({ host, port, app }: Listening, dispatch: Dispatch): Promise<Listener> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_SIZE,
      headersTimeout: HEADERS_TIMEOUT,
      connectionsCheckingInterval: CHECKING_INTERVAL,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    },
    createListener(app, dispatch),
  )
  const drain = trackConnections(server)
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            drain()
          }),
      })
    })
  })
}

/**
 * Follows what every connection is doing. The function that it gives ends them: those that are idle
 * or only listen at once, the others when they have their answer, since a token that was renewed at
 * the provider and never arrived costs its user the session.
 */
function trackConnections(server: Server): () => void {
  const busy = new Map<Socket, number>()
  let isDraining = false
  const settle = (socket: Socket) => {
    if (isDraining && busy.get(socket) === 0) socket.destroy()
  }
  server.on('connection', (socket) => {
    busy.set(socket, 0)
    // Requests of one connection may stand behind each other, each waiting for its end.
    socket.setMaxListeners(0)
    socket.on('close', () => busy.delete(socket))
  })
  server.on('request', ({ method, socket }, response) => {
    if (method === 'GET') return
    busy.set(socket, (busy.get(socket) ?? 0) + 1)
    response.on('close', () => {
      if (!busy.has(socket)) return
      busy.set(socket, (busy.get(socket) ?? 1) - 1)
      settle(socket)
    })
  })
  return () => {
    isDraining = true
    for (const socket of [...busy.keys()]) settle(socket)
    const end = () => {
      for (const socket of [...busy.keys()]) socket.destroy()
    }
    setTimeout(end, GRACE).unref()
  }
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const why =
    error.code === 'EADDRINUSE' ? 'the port is taken, choose another with --port' : error.code
  return new Error(`Cannot listen on ${host}:${port}: ${why}`, { cause: error })
}

function createListener(app: App, dispatch: Dispatch) {
  const readHead = createHeadReader()
  const handle = getRequestListener(
    (request, env) => {
      const { incoming } = env as { incoming: IncomingMessage } // what node-server hands over
      const { socket, headers, url: target = '' } = incoming
      const { remoteAddress: peer = '' } = socket
      return app(request, toConnection({ peer, host: headers.host ?? '', target }))
    },
    { overrideGlobalObjects: false },
  )
  return (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const arrived = readHead(incoming)
    if (arrived.kind === 'refused') return refuse(outgoing, arrived)
    const { head, connection, target, lengthAt } = arrived
    const carriage = app.carry?.(head, connection)
    if (carriage === undefined) {
      incoming.url = target
      return void handle(incoming, outgoing)
    }
    const declared = lengthAt === undefined ? null : (incoming.rawHeaders[lengthAt] ?? null)
    carryAll({ incoming, outgoing, declared }, carriage, dispatch)
  }
}

function refuse(outgoing: ServerResponse, passage: Extract<Passage, { kind: 'refused' }>): void {
  outgoing.writeHead(passage.status, {
    'Content-Type': 'application/json',
    // Caches may keep a 404 or 405 by themselves (RFC 9111 §4.2.2): an odd request's for a good one.
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...(passage.status === 405 ? { Allow: 'GET, HEAD, POST, DELETE, OPTIONS' } : {}),
  })
  outgoing.end(JSON.stringify({ error: 'invalid_request', detail: passage.message }))
}

/** Nobody is left to tell when this fails: the client went away, or has half an answer. */
function carryAll(wire: Wire, carriage: Ready<Carried | TextAnswer>, dispatch: Dispatch): void {
  const carried = after(carriage, (found) =>
    found instanceof TextAnswer ? writeText(wire.outgoing, found) : carry(wire, found, dispatch),
  )
  if (carried instanceof Promise) carried.catch(() => wire.outgoing.destroy())
}
