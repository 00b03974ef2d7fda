import { createServer, type IncomingMessage, request } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

/** A message as Node's own parser reads it, so far. */
export interface NodeMessage {
  readonly start: string
  readonly lines: readonly string[]
  readonly body: string
  readonly isComplete: boolean
}

/** What Node made of all bytes until then. */
export interface NodeReading {
  readonly messages: readonly NodeMessage[]
  /** The code of what it refused them for. */
  readonly refusal: string | undefined
}

/** The end of a connection. */
export const END = null

type Part = string | typeof END

/** What Node's server reads after each of these parts of a connection. */
export async function readRequestsByNode(...parts: readonly Part[]): Promise<NodeReading[]> {
  const log = createLog()
  // Which hosts there may be is none of a parser's business.
  const server = createServer({ insecureHTTPParser: false, requireHostHeader: false })
  for (const event of ['request', 'checkContinue', 'checkExpectation', 'connect']) {
    server.on(event, (message: IncomingMessage) => {
      log.take(message, `${message.method} ${message.url} ${message.httpVersion}`)
    })
  }
  server.on('clientError', log.refuse)
  const socket = createSocket()
  server.emit('connection', socket)
  return feed(socket, log, parts)
}

/** What Node's client reads after each of these parts of the answer to a GET. */
export async function readResponsesByNode(...parts: readonly Part[]): Promise<NodeReading[]> {
  const log = createLog()
  const socket = createSocket()
  const asked = request({ createConnection: () => socket, insecureHTTPParser: false })
  asked.on('response', (message) => {
    log.take(message, `${message.httpVersion} ${message.statusCode}`)
  })
  asked.on('information', ({ httpVersion, statusCode, rawHeaders }) => {
    const start = `${httpVersion} ${statusCode}`
    log.entries.push(() => ({ start, lines: rawHeaders, body: '', isComplete: true }))
  })
  asked.on('error', log.refuse)
  asked.end()
  return feed(socket, log, parts)
}

/** Whether Node takes for something else what the RFC lets be, and what it refused this head for if it did. */
export function isMisreadByNode(head: string, refusal: string | undefined): boolean {
  // A tab is a blank like any around a value (RFC 9110 §5.6.3).
  if (/^(?:content-length|transfer-encoding):.*\t *$/im.test(head)) return true
  // Their heads end such answers, whatever else these say of an end (RFC 9112 §6.3).
  const isBodyless = /^HTTP\/1\.[01] (?:1\d\d|204|304)/.test(head)
  return isBodyless && FRAMING.includes(refusal ?? '')
}

const FRAMING = [
  'HPE_INVALID_CONTENT_LENGTH',
  'HPE_INVALID_TRANSFER_ENCODING',
  'HPE_UNEXPECTED_CONTENT_LENGTH',
]

interface Log {
  readonly entries: (() => NodeMessage)[]
  take(message: IncomingMessage, start: string): void
  refuse(error: Error & { code?: string }): void
  read(): NodeReading
}

function createLog(): Log {
  const entries: (() => NodeMessage)[] = []
  let refusal: string | undefined
  return {
    entries,
    take(message, start) {
      let body = ''
      message.on('data', (bytes: Buffer) => {
        body += bytes.toString('latin1')
      })
      message.on('error', () => undefined)
      const { rawHeaders: lines } = message
      entries.push(() => ({ start, lines, body, isComplete: message.complete }))
    },
    refuse(error) {
      refusal ??= error.code ?? error.message
    },
    read: () => ({ messages: entries.map((entry) => entry()), refusal }),
  }
}

function createSocket(): Duplex {
  const socket = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  })
  return socket.on('error', () => undefined)
}

async function feed(socket: Duplex, log: Log, parts: readonly Part[]): Promise<NodeReading[]> {
  const readings: NodeReading[] = []
  await setImmediate() // until it flows
  for (const part of parts) {
    if (!socket.destroyed) socket.push(part === null ? null : Buffer.from(part, 'latin1'))
    await setImmediate() // until the body has come through
    readings.push(log.read())
  }
  socket.destroy()
  return readings
}
