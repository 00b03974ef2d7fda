import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import type { Carried } from '../../src/app.ts'
import type { Dispatch, Sink } from '../../src/platform/dispatch.ts'
import { listen } from '../../src/platform/http-server.ts'
import { TextAnswer } from '../../src/request/answer.ts'

const HEAD = { status: 200, headers: [['content-type', 'text/plain']] } as const

/** A request that upstream answers with 200, unless it is told otherwise. */
function carried(changes: Partial<Carried> = {}): Carried {
  return {
    url: 'http://upstream.test/mcp',
    method: 'POST',
    headers: [['authorization', 'Bearer first']],
    isRepeatable: false,
    repeat: async () => undefined,
    judge: (status) => ({ ...HEAD, status }),
    fail: (reason) => new TextAnswer(502, [], reason),
    follow: () => undefined,
    fault: (error) => new TextAnswer(500, [], String(error)),
    ...changes,
  }
}

/** An upstream that answers by this, remembering whom it was asked as. */
function upstreamOf(answer: (sink: Sink, authorization: string) => void) {
  const asked: string[] = []
  const dispatch: Dispatch = ({ headers }, sink) => {
    const [[, authorization = ''] = []] = headers
    asked.push(authorization)
    setImmediate(() => answer(sink, authorization))
    return { resume: () => undefined, abort: () => undefined }
  }
  return { asked, dispatch }
}

const answerText = (sink: Sink, status: number, text: string) => {
  sink.onHead(status, [], text.length)
  sink.onData(Buffer.from(text))
  sink.onEnd()
}

/** Serves by carrying every request so. */
async function serve(how: Carried, dispatch: Dispatch) {
  const app = Object.assign(async () => new Response(), { carry: () => how })
  const { port, close } = await listen({ host: '127.0.0.1', port: 0, app }, { dispatch })
  return {
    port,
    post: (body: string) => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body }),
    close,
  }
}

describe('a request on its way', () => {
  for (const [size, status] of [
    [1024 * 1024, 200],
    [1024 * 1024 + 1, 401],
  ] as const) {
    it(`of ${size} bytes is answered with ${status} where its credential has a newer one`, async () => {
      const { dispatch, asked } = upstreamOf((sink, authorization) =>
        answerText(sink, authorization === 'Bearer first' ? 401 : 200, 'said'),
      )
      const how = carried({
        isRepeatable: true,
        repeat: async () => [['authorization', 'Bearer second']],
      })
      const server = await serve(how, dispatch)

      const answer = await server.post('x'.repeat(size))

      assert.equal(answer.status, status)
      assert.equal(await answer.text(), 'said')
      assert.equal(asked.length, status === 200 ? 2 : 1)
      await server.close()
    })
  }

  for (const [what, changes] of [
    ['repeated', { isRepeatable: true, repeat: () => Promise.reject(new Error('a fault')) }],
    ['judged', { judge: () => Promise.reject(new Error('a fault')) }],
  ] as const) {
    it(`is answered, and not cut, where it can not be ${what}`, async () => {
      const { dispatch } = upstreamOf((sink) => answerText(sink, 401, 'no'))
      const server = await serve(carried(changes), dispatch)

      const answer = await server.post('{}')

      assert.equal(answer.status, 500)
      assert.equal(await answer.text(), 'Error: a fault')
      await server.close()
    })
  }

  it('has its answer looked at chunk by chunk, in their order', async () => {
    const { dispatch } = upstreamOf((sink) => {
      sink.onHead(200, [])
      for (const text of ['one ', 'two ', 'three']) sink.onData(Buffer.from(text))
      sink.onEnd()
    })
    const pass = (chunk: Uint8Array) =>
      // The first takes longest.
      chunk.length === 4 && chunk[0] === 111
        ? new Promise<Uint8Array>((resolve) =>
            setImmediate(() => setImmediate(() => resolve(chunk))),
          )
        : chunk
    const follow = () => ({ pass, flush: () => Buffer.from('.'), end: () => undefined })
    const server = await serve(carried({ follow }), dispatch)

    assert.equal(await (await server.post('{}')).text(), 'one two three.')
    await server.close()
  })

  it('ends with its connection, whatever body it had', async () => {
    const streams = new EventEmitter()
    const { dispatch } = upstreamOf((sink) => sink.onHead(200, []))
    const follow = () => {
      streams.emit('open')
      const end = () => streams.emit('end')
      return { pass: (chunk: Uint8Array) => chunk, flush: () => new Uint8Array(), end }
    }
    const server = await serve(carried({ method: 'GET', follow }), dispatch)
    const client = connect(server.port, '127.0.0.1')
    const opened = once(streams, 'open')
    const ended = once(streams, 'end')
    client.write(
      `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n${'x'.repeat(900_000)}`,
    )
    await opened

    client.destroy()

    await ended
    await server.close()
  })

  it('with an answer of ours that no header can carry ends its connection, and no more', async () => {
    const unwritable = new TextAnswer(401, [['WWW-Authenticate', 'Bearer scope="\u0100"']], 'no')
    const app = Object.assign(async () => new Response(), { carry: () => unwritable })
    const { dispatch } = upstreamOf(() => undefined)
    const listener = await listen({ host: '127.0.0.1', port: 0, app }, { dispatch })
    const ask = () => fetch(`http://127.0.0.1:${listener.port}/mcp`)

    await assert.rejects(ask())
    await assert.rejects(ask())
    await listener.close()
  })

  for (const method of ['GET', 'POST'] as const) {
    it(`by ${method} that can not be sent at all is answered, and no more`, async () => {
      const dispatch: Dispatch = () => {
        throw new Error('a fault')
      }
      const server = await serve(carried({ method }), dispatch)
      const ask = () => fetch(`http://127.0.0.1:${server.port}/mcp`, { method })

      assert.equal((await ask()).status, 500)
      assert.equal((await ask()).status, 500)
      await server.close()
    })
  }
})
