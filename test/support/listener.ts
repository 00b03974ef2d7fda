import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { listen } from '../../src/platform/http-server.ts'
import type { Patience } from '../../src/platform/serving.ts'

/** More time than any test takes. */
export const PATIENT: Patience = { head: 60_000, body: 60_000, idle: 60_000, linger: 200 }
/** So little that a test can wait for its end. */
export const IMPATIENT: Patience = { head: 100, body: 100, idle: 100, linger: 50 }
/** The line that each request needs. */
export const HOST = 'Host: localhost\r\n'
/** What ends the head of a connection's last request. */
export const LAST = 'Connection: close\r\n\r\n'

/** Listens, and answers with the method, the target and the body of each request, at once or when it is let. */
export async function startListener(patience: Patience, until: Promise<void> = Promise.resolve()) {
  const seen: string[] = []
  const left: string[] = []
  const app = async (request: Request) => {
    const { pathname } = new URL(request.url)
    request.signal.addEventListener('abort', () => left.push(pathname))
    const body = await bodyOf(request)
    seen.push(`${request.method} ${pathname} ${body}`)
    if (pathname === '/later') await until
    const answer = ANSWERS[pathname]
    return (
      answer?.(request) ??
      new Response(`<${pathname} ${body}>`, { headers: { 'Set-Cookie': 'a=b' } })
    )
  }
  const dispatch = () => assert.fail('Nothing goes upstream')
  const listener = await listen({ host: '127.0.0.1', port: 0, app }, { dispatch, patience })
  return { ...listener, seen, left }
}

const LARGE = 256 * 1024 // characters
const EVENTS = { headers: { 'Content-Type': 'text/event-stream' } }

/** What is not answered as all else is. */
const ANSWERS: Readonly<Record<string, (request: Request) => Response>> = {
  '/events': () => new Response(endless(), EVENTS),
  '/large': () => new Response('x'.repeat(LARGE)),
  '/length': ({ headers }) => new Response(`<${headers.get('content-length')}>`),
  '/unread': () => new Response('<unread>', { status: 415 }),
  '/fault': () => {
    throw new Error('a fault')
  },
}

async function bodyOf(request: Request): Promise<string> {
  if (request.method !== 'POST' || request.url.endsWith('/unread')) return ''
  return request.text().catch(() => 'gone')
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
  })
}

/** A client's socket, and all that it has received. */
export async function openSocket(port: number) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    socket.emit('text')
  })
  socket.on('error', () => undefined)
  return {
    socket,
    closed: new Promise<string>((resolve) => socket.once('close', () => resolve(text))),
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) await once(socket, 'text')
      return text
    },
  }
}
