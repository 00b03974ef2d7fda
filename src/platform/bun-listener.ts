import {
  BACKLOG,
  KEEP_ALIVE_DELAY,
  type ListenForWires,
  type Wire,
  type WireEvents,
} from './wire.ts'

/** A socket of Bun's own (https://bun.com/docs/api/tcp), as far as it is used here. */
interface BunSocket {
  data: BunWire
  readonly remoteAddress: string
  /** How many bytes the system took, or less than none where the connection is closed. */
  write(text: string, encoding: 'latin1'): number
  write(bytes: Uint8Array): number
  pause(): void
  resume(): void
  /** Ends what is written, and goes on reading. */
  shutdown(): void
  end(): void
  setNoDelay(noDelay: boolean): void
  /** The delay in seconds. */
  setKeepAlive(enable: boolean, delay: number): void
}

interface BunSocketHandler {
  open(socket: BunSocket): void
  data(socket: BunSocket, chunk: Buffer): void
  drain(socket: BunSocket): void
  end(socket: BunSocket): void
  close(socket: BunSocket): void
  error(socket: BunSocket): void
}

interface BunApi {
  listen(options: {
    readonly hostname: string
    readonly port: number
    readonly backlog: number
    readonly socket: BunSocketHandler
  }): { readonly port: number; stop(closesAll?: boolean): void }
}

/** Listens by Bun's own sockets: to load node:net takes it half of the time in which a bare server is up. */
export const listenByBun: ListenForWires = async ({ host, port }, accept) => {
  const { Bun } = globalThis as unknown as { readonly Bun: BunApi } // this runs nowhere else
  let open = 0
  let onLast: () => void = () => undefined
  const socket: BunSocketHandler = {
    open(opened) {
      open += 1
      opened.setNoDelay(true)
      opened.setKeepAlive(true, KEEP_ALIVE_DELAY / 1_000)
      opened.data = new BunWire(opened, accept)
    },
    data: ({ data }, chunk) => data.events.onData(chunk),
    drain: ({ data }) => data.flush(),
    end: ({ data }) => data.events.onGone(),
    error: ({ data }) => data.events.onGone(),
    close({ data }) {
      open -= 1
      data.leave()
      if (open === 0) onLast()
    },
  }
  const server = Bun.listen({ hostname: host, port, backlog: BACKLOG, socket })
  return {
    port: server.port,
    close: () =>
      new Promise((closed) => {
        onLast = closed
        server.stop(false)
        if (open === 0) closed()
      }),
  }
}

/** Holds what the system does not take at once, which Bun leaves to us. */
class BunWire implements Wire {
  readonly remoteAddress: string
  readonly events: WireEvents
  readonly #socket: BunSocket
  #held: Uint8Array[] = []
  #state: 'open' | 'ending' | 'closed' = 'open'
  #onTaken: () => void = () => undefined

  constructor(socket: BunSocket, accept: (wire: Wire) => WireEvents) {
    this.#socket = socket
    this.remoteAddress = socket.remoteAddress
    this.events = accept(this)
  }

  write(data: string | Uint8Array): boolean {
    if (this.#state !== 'open') return true
    if (this.#held.length > 0) {
      this.#held.push(toBytes(data))
      return false
    }
    const written = this.#send(data)
    if (written < 0 || written >= data.length) return true
    this.#held.push(toBytes(data).subarray(written))
    return false
  }

  /** The system takes more. */
  flush(): void {
    if (this.#held.length === 0) return
    for (let [next] = this.#held; next !== undefined; [next] = this.#held) {
      const written = this.#socket.write(next)
      if (written < 0) return
      if (written < next.length) {
        this.#held[0] = next.subarray(written)
        return
      }
      this.#held.shift()
    }
    if (this.#state === 'ending') this.#shutDown()
    else this.events.onDrain()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(taken: () => void): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#onTaken = taken
    if (this.#held.length === 0) this.#shutDown()
  }

  destroy(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#held = []
    this.#socket.end()
  }

  /** The connection is closed. */
  leave(): void {
    this.#state = 'closed'
    this.#held = []
    this.events.onGone()
    this.events.onClosed()
  }

  #shutDown(): void {
    this.#socket.shutdown()
    this.#onTaken()
  }

  #send(data: string | Uint8Array): number {
    return typeof data === 'string' ? this.#socket.write(data, 'latin1') : this.#socket.write(data)
  }
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'latin1') : data
}
