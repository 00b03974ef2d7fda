import type { Server, Socket } from 'node:net'
import {
  BACKLOG,
  KEEP_ALIVE_DELAY,
  type ListenForWires,
  type Wire,
  type WireEvents,
} from './wire.ts'

const OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY }

/** Listens by node:net, which all three runtimes have. */
export const listenByNet: ListenForWires = ({ host, port }, accept) => {
  const { createServer } = process.getBuiltinModule('node:net')
  const server = createServer(OPTIONS, (socket) => follow(socket, accept(new NetWire(socket))))
  return new Promise((resolve, reject) => {
    // It stays: what goes wrong with one connection later, such as too many open files, is not the end of all.
    server.on('error', reject)
    server.listen({ port, host, backlog: BACKLOG }, () => {
      resolve({
        port: portOf(server, port),
        close: () => new Promise((closed) => server.close(() => closed())),
      })
    })
  })
}

function portOf(server: Server, port: number): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function follow(socket: Socket, events: WireEvents): void {
  socket.on('data', (chunk) => events.onData(chunk))
  socket.on('drain', () => events.onDrain())
  socket.on('end', () => events.onGone())
  socket.on('error', () => events.onGone())
  socket.on('close', () => {
    events.onGone()
    events.onClosed()
  })
}

class NetWire implements Wire {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? ''
  }

  write(data: string | Uint8Array): boolean {
    return typeof data === 'string' ? this.#socket.write(data, 'latin1') : this.#socket.write(data)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(taken: () => void): void {
    this.#socket.end(taken)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
