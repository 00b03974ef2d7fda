import type { Socket } from 'node:net'
import { UpstreamError } from '../gateway/upstream.ts'
import type { ReadResponseHead } from './known-responses.ts'
import { type Keeper, UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamExchange } from './upstream-exchange.ts'
import { KEEP_ALIVE_DELAY } from './wire.ts'

const CONNECT_TIMEOUT = 5_000 // milliseconds
const OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY }
const MAX_WAIT = 60_000 // milliseconds for a connection, where there are as many as may be
const MAX_CONNECTIONS = 16_384 // to one origin; open streams hold one each

/** The connections to one origin: those that are free are used again, the last first. */
export class UpstreamPool implements Keeper {
  readonly readHead: ReadResponseHead
  readonly #url: URL
  readonly #idle: UpstreamConnection[] = []
  readonly #all = new Set<UpstreamConnection>()
  readonly #waiting: { readonly exchange: UpstreamExchange; readonly deadline: number }[] = []
  #connecting = 0
  #session: Buffer | undefined

  constructor(url: URL, readHead: ReadResponseHead) {
    this.#url = url
    this.readHead = readHead
  }

  now(): number {
    return Date.now()
  }

  /** Sends a request over a connection that is free, or over a new one. */
  send(exchange: UpstreamExchange): void {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) break
      if (connection.isUsable && connection.deadline > this.now()) {
        connection.send(exchange)
        return
      }
      connection.destroy()
    }
    if (this.#all.size + this.#connecting < MAX_CONNECTIONS) this.#connect(exchange)
    else this.#waiting.push({ exchange, deadline: this.now() + MAX_WAIT })
  }

  onIdle(connection: UpstreamConnection): void {
    const next = this.#nextWaiting()
    if (next === undefined) this.#idle.push(connection)
    else connection.send(next)
  }

  onClosed(connection: UpstreamConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    this.#connectNext()
  }

  /** Ends what has taken too long, in use or not. */
  expire(): void {
    const now = this.now()
    for (const connection of this.#all) if (connection.deadline <= now) connection.expire()
    while ((this.#waiting[0]?.deadline ?? now + 1) <= now) {
      this.#waiting.shift()?.exchange.fail(new UpstreamError('slow'))
    }
  }

  #connectNext(): void {
    const hasRoom = this.#all.size + this.#connecting < MAX_CONNECTIONS
    const next = hasRoom ? this.#nextWaiting() : undefined
    if (next !== undefined) this.#connect(next)
  }

  #nextWaiting(): UpstreamExchange | undefined {
    let next = this.#waiting.shift()
    while (next?.exchange.isOver === true) next = this.#waiting.shift()
    return next?.exchange
  }

  #connect(exchange: UpstreamExchange): void {
    const { socket, readyOn } = this.#open()
    this.#connecting += 1
    const settle = (error: UpstreamError | undefined) => {
      clearTimeout(timer)
      socket.off(readyOn, onReady).off('error', onError).off('close', onClose)
      this.#connecting -= 1
      if (error === undefined) this.#take(socket, exchange)
      else {
        socket.on('error', () => undefined)
        socket.destroy()
        exchange.fail(error)
        this.#connectNext()
      }
    }
    const onReady = () => settle(undefined)
    const onError = (cause: Error) => settle(new UpstreamError('unreachable', { cause }))
    const onClose = () => settle(new UpstreamError('unreachable'))
    const timer = setTimeout(() => settle(new UpstreamError('slow')), CONNECT_TIMEOUT)
    socket.once(readyOn, onReady).once('error', onError).once('close', onClose)
  }

  #take(socket: Socket, exchange: UpstreamExchange): void {
    const connection = new UpstreamConnection(socket, this)
    this.#all.add(connection)
    const next = exchange.isOver ? this.#nextWaiting() : exchange
    if (next === undefined) connection.destroy()
    else connection.send(next)
  }

  #open(): { readonly socket: Socket; readonly readyOn: 'connect' | 'secureConnect' } {
    const { protocol, hostname, port } = this.#url
    const host = hostname.replace(/^\[|\]$/g, '')
    // Not at the start: Bun and Deno take long to load them.
    const { connect, isIP } = process.getBuiltinModule('node:net')
    if (protocol !== 'https:') {
      const socket = connect({ host, port: Number(port || 80), ...OPTIONS })
      return { socket, readyOn: 'connect' }
    }
    const socket = process.getBuiltinModule('node:tls').connect({
      host,
      port: Number(port || 443),
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(this.#session === undefined ? {} : { session: this.#session }),
    })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, OPTIONS.keepAliveInitialDelay)
    socket.on('session', (session) => {
      this.#session = session
    })
    return { socket, readyOn: 'secureConnect' }
  }
}
