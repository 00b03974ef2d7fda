import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { App } from '../app.ts'
import { passGate } from '../request/gate.ts'
import type { Listener, Listening } from './platform.ts'

const MAX_HEADER_SIZE = 32 * 1024 // bytes; sealed tokens and flow cookies are long
const HEADERS_TIMEOUT = 15_000 // milliseconds
const KEEP_ALIVE_TIMEOUT = 75_000 // milliseconds

/** Listens by node:http, which all three runtimes have and which alone shows the raw target. */
export function listen({ host, port, app }: Listening): Promise<Listener> {
  const sockets = new Set<Socket>()
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_SIZE,
      headersTimeout: HEADERS_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    },
    createListener(app),
  )
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            for (const socket of sockets) socket.destroy()
          }),
      })
    })
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const why =
    error.code === 'EADDRINUSE' ? 'the port is taken, choose another with --port' : error.code
  return new Error(`Cannot listen on ${host}:${port}: ${why}`, { cause: error })
}

function createListener(app: App) {
  const handle = getRequestListener(
    (request, env) => {
      const { incoming } = env as { incoming: IncomingMessage } // what node-server hands over
      return app(request, {
        peer: plainAddress(incoming.socket.remoteAddress ?? ''),
        host: incoming.headers.host ?? '',
      })
    },
    { overrideGlobalObjects: false },
  )
  return (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const passage = passGate({
      scheme: 'http',
      method: incoming.method ?? '',
      target: incoming.url ?? '',
      headers: pairs(incoming.rawHeaders),
    })
    if (passage.kind === 'refused') {
      outgoing.writeHead(passage.status, {
        'Content-Type': 'application/json',
        Connection: 'close',
      })
      outgoing.end(JSON.stringify({ error: 'invalid_request', detail: passage.message }))
      return
    }
    incoming.url = passage.target
    void handle(incoming, outgoing)
  }
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  return Array.from(
    { length: flat.length / 2 },
    (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? ''] as const,
  )
}

/** An IPv4 peer of a dual-stack listener comes as ::ffff:127.0.0.1. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
