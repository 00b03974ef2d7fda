import type { App, Carried } from '../app.ts'
import { after, type Ready } from '../ready.ts'
import { TextAnswer } from '../request/answer.ts'
import { carry } from './carry.ts'
import type { Dispatch } from './dispatch.ts'
import { createHeadReader, type HeadRefusal } from './known-heads.ts'
import { listenByNet } from './net-listener.ts'
import type { Listener, Listening } from './platform.ts'
import { ServerConnection } from './server-connection.ts'
import type { Patience, ServedConnection, Serving, Turn } from './serving.ts'
import { answerByApp } from './web-exchange.ts'
import type { ListenForWires, WireListener } from './wire.ts'

const PATIENCE: Patience = { head: 15_000, body: 300_000, idle: 75_000, linger: 3_000 }
const CHECKS = 5 // in the shortest time that anybody has
const GRACE = 8_000 // milliseconds that a stopped server gives to what it has begun

/** What carries messages upstream and takes connections, and how long clients may take. */
export interface ServerOptions {
  readonly dispatch: Dispatch
  readonly listenForWires?: ListenForWires
  readonly patience?: Patience
}

/**
 * Listens for HTTP/1.1, which is read here and not by each runtime in its own way: each of them takes the same for a
 * request, shows the raw target, and spends no more on a message than that takes.
 */
export async function listen(
  { host, port, app }: Listening,
  { dispatch, listenForWires = listenByNet, patience = PATIENCE }: ServerOptions,
): Promise<Listener> {
  const connections = new Set<ServedConnection>()
  let isDraining = false
  const serving = createServing({
    app,
    dispatch,
    patience,
    isDraining: () => isDraining,
    onClosed: (connection) => connections.delete(connection),
  })
  const listener = await start(listenForWires, { host, port }, (wire) => {
    const connection = new ServerConnection(wire, serving)
    connections.add(connection)
    return connection
  })
  const checking = setInterval(() => expireAll(connections), patience.linger / CHECKS)
  checking.unref()
  const close = () => {
    isDraining = true
    const closed = listener.close()
    clearInterval(checking)
    for (const connection of [...connections]) if (!connection.isBusy) connection.destroy()
    setTimeout(() => destroyAll(connections), GRACE).unref()
    return closed
  }
  return { port: listener.port, close }
}

async function start(
  listenForWires: ListenForWires,
  at: Parameters<ListenForWires>[0],
  accept: Parameters<ListenForWires>[1],
): Promise<WireListener> {
  try {
    return await listenForWires(at, accept)
  } catch (error) {
    throw explain(error, at)
  }
}

function destroyAll(connections: ReadonlySet<ServedConnection>): void {
  for (const connection of [...connections]) connection.destroy()
}

function expireAll(connections: ReadonlySet<ServedConnection>): void {
  const now = Date.now()
  for (const connection of [...connections]) if (connection.deadline <= now) connection.expire()
}

function explain(error: unknown, { host, port }: Pick<Listening, 'host' | 'port'>): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const why = code === 'EADDRINUSE' ? 'the port is taken, choose another with --port' : code
  return new Error(`Cannot listen on ${host}:${port}: ${why}`, { cause: error })
}

function createServing(of: {
  readonly app: App
  readonly dispatch: Dispatch
  readonly patience: Patience
  readonly isDraining: Serving['isDraining']
  readonly onClosed: Serving['onClosed']
}): Serving {
  const { app, dispatch, patience, isDraining, onClosed } = of
  return {
    readHead: createHeadReader(),
    patience,
    now: Date.now,
    tailOf: createTails(patience.idle),
    isDraining,
    onClosed,
    handle(turn) {
      const { head, connection } = turn.arrived
      try {
        const carriage = app.carry?.(head, connection)
        if (carriage === undefined) answerByApp(turn, app)
        else carryAll(turn, carriage, dispatch)
      } catch {
        // A fault ends its own connection, not the process and all others.
        turn.reply.destroy()
      }
    },
    refuse: (reply, refusal) => reply.writeText(toAnswer(refusal)),
  }
}

/** The lines that end every head of the same second. */
function createTails(idle: number): (isLast: boolean) => string {
  let until = 0
  let kept = ''
  let last = ''
  return (isLast) => {
    const now = Date.now()
    if (now >= until) {
      until = now - (now % 1_000) + 1_000
      const date = `date: ${new Date(now).toUTCString()}\r\nconnection: `
      kept = `${date}keep-alive\r\nkeep-alive: timeout=${Math.floor(idle / 1_000)}\r\n\r\n`
      last = `${date}close\r\n\r\n`
    }
    return isLast ? last : kept
  }
}

function toAnswer({ status, message }: HeadRefusal): TextAnswer {
  const headers: (readonly [string, string])[] = [
    ['content-type', 'application/json'],
    // Caches may keep a 404 or 405 by themselves (RFC 9111 §4.2.2): an odd request's for a good one.
    ['cache-control', 'no-store'],
  ]
  if (status === 405) headers.push(['allow', 'GET, HEAD, POST, DELETE, OPTIONS'])
  return new TextAnswer(
    status,
    headers,
    JSON.stringify({ error: 'invalid_request', detail: message }),
  )
}

/** A carriage that is there is carried at once; where that fails, the client is told so. */
function carryAll(turn: Turn, carriage: Ready<Carried | TextAnswer>, dispatch: Dispatch): void {
  const carried = after(carriage, (found) => {
    if (found instanceof TextAnswer) turn.reply.writeText(found)
    else carry(turn, found, dispatch)
  })
  if (carried instanceof Promise) carried.catch(() => turn.reply.destroy())
}
