import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Dispatched, Sink } from '../../src/platform/dispatch.ts'
import { createUpstreamDispatch } from '../../src/platform/upstream-dispatch.ts'
import { portOf } from './proxy.ts'

/** The content of a request that has none. */
export const NO_CONTENT = { kind: 'whole', bytes: new Uint8Array() } as const

/** An upstream that answers each request on a connection with the next of these texts. */
export async function startUpstream(...answers: readonly string[]) {
  const asked: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      asked.push(chunk.toString('latin1'))
      socket.write(answers[(asked.length - 1) % answers.length] ?? '', 'latin1')
      server.emit('asked', socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}/mcp`,
    asked,
    sockets,
    next: () => once(server, 'asked').then(([socket]: Socket[]) => socket ?? assert.fail()),
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly length: number | undefined
  readonly text: string
}

/** Asks once, and takes what comes so. */
export function ask(
  request: Pick<Dispatched, 'url'> & Partial<Dispatched>,
  dispatch = createUpstreamDispatch(),
  onData: (chunk: Uint8Array, resume: () => void) => boolean = () => true,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Answer = { status: 0, headers: [], length: undefined, text: '' }
    const sink: Sink = {
      onHead(status, headers, length) {
        answer = { status, headers, length, text: '' }
      },
      onData(chunk) {
        answer = { ...answer, text: answer.text + Buffer.from(chunk).toString('latin1') }
        return onData(chunk, () => control.resume())
      },
      onEnd: () => resolve(answer),
      onError: reject,
    }
    const control = dispatch({ method: 'GET', headers: [], content: NO_CONTENT, ...request }, sink)
  })
}
