import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { Sink } from '../../src/platform/dispatch.ts'
import { createUndiciDispatch } from '../../src/platform/undici-dispatch.ts'
import { portOf } from '../support/proxy.ts'

const BODY = 'x'.repeat(10_000)

/** An upstream that writes these bytes when it is asked, and the socket on which it did. */
async function startUpstream(bytes: string) {
  const server = createServer((socket) => {
    socket.once('data', () => socket.write(bytes))
    socket.on('error', () => undefined)
    server.emit('asked', socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = once(server, 'asked').then(([socket]: Socket[]) => socket ?? assert.fail())
  return { url: `http://127.0.0.1:${portOf(server)}/mcp`, asked, close: () => server.close() }
}

/** Asks, and takes what comes so; ends with the length of all of it. */
function ask(url: string, onData: (chunk: Uint8Array, resume: () => void) => boolean) {
  return new Promise<number>((resolve, reject) => {
    let length = 0
    const sink: Sink = {
      onHead: () => undefined,
      onData(chunk) {
        length += chunk.length
        return onData(chunk, () => control.resume())
      },
      onEnd: () => resolve(length),
      onError: reject,
    }
    const dispatch = createUndiciDispatch()
    const control = dispatch({ url, method: 'GET', headers: [], body: null }, sink)
  })
}

describe('an answer that ends with its connection', () => {
  for (const [what, head] of [
    ['framed by it', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['framed by no chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['framed by a length', `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n`],
  ] as const) {
    it(`arrives whole while nobody takes it, ${what}`, async () => {
      const upstream = await startUpstream(`${head}${BODY}`)
      const answered = ask(upstream.url, () => {
        // Only now, in the pause.
        void upstream.asked.then((socket) => socket.end())
        return false
      })

      assert.equal(await answered, BODY.length)
      upstream.close()
    })
  }

  it('brings no empty chunks when it is taken again', async () => {
    const upstream = await startUpstream('HTTP/1.1 200 OK\r\n\r\n:ok\n\n')
    const lengths: number[] = []
    const answered = ask(upstream.url, (chunk, resume) => {
      lengths.push(chunk.length)
      queueMicrotask(resume)
      void upstream.asked.then((socket) => socket.end())
      return lengths.length > 3
    })

    assert.equal(await answered, 5)
    assert.deepEqual(lengths, [5])
    upstream.close()
  })
})
