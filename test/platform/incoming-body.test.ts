import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BodySink, type Flow, IncomingBody } from '../../src/platform/incoming-body.ts'

/** A connection that only remembers whether it is paused. */
function createFlow(): Flow & { isPaused: boolean; invited: number } {
  return {
    isPaused: false,
    invited: 0,
    pause() {
      this.isPaused = true
    },
    resume() {
      this.isPaused = false
    },
    invite() {
      this.invited += 1
    },
  }
}

/** A reader that takes what it is told to take. */
function createReader(takes: boolean) {
  const seen: string[] = []
  const sink: BodySink = {
    onData(chunk) {
      seen.push(Buffer.from(chunk).toString())
      return takes
    },
    onEnd: () => seen.push('END'),
    onGone: () => seen.push('GONE'),
  }
  return { seen, sink }
}

const SIZE = 100_000

describe('a body', () => {
  it('that nobody reads yet holds its connection back, but not behind its last bytes', () => {
    const flow = createFlow()
    const body = new IncomingBody({ kind: 'length', length: SIZE }, flow)

    body.feed(Buffer.alloc(SIZE - 1))
    assert.equal(flow.isPaused, true)
    flow.isPaused = false
    body.feed(Buffer.alloc(1))

    assert.equal(flow.isPaused, false)
    assert.equal(body.content?.length, SIZE)
  })

  for (const [what, framing, last] of [
    ['of known length', { kind: 'length', length: 2 }, 'ok'],
    ['in chunks', { kind: 'chunked' }, '2\r\nok\r\n0\r\n\r\n'],
  ] as const) {
    it(`${what} leaves its connection open where its last bytes are too many for the reader`, () => {
      const flow = createFlow()
      const body = new IncomingBody(framing, flow)
      const { seen, sink } = createReader(false)
      body.read(sink)

      body.feed(Buffer.from(last))

      // In a pause nobody would see the client leave.
      assert.equal(flow.isPaused, false)
      assert.deepEqual(seen, ['ok', 'END'])
    })
  }

  it('holds its connection back while its reader takes no more', () => {
    const flow = createFlow()
    const body = new IncomingBody({ kind: 'length', length: 4 }, flow)
    body.read(createReader(false).sink)

    body.feed(Buffer.from('ok'))
    assert.equal(flow.isPaused, true)
    body.resume()

    assert.equal(flow.isPaused, false)
  })

  it('is given from its beginning to who reads it late, with its end', () => {
    const flow = createFlow()
    const body = new IncomingBody({ kind: 'length', length: 4 }, flow)
    const { seen, sink } = createReader(true)

    assert.equal(body.feed(Buffer.from('ab')), 2)
    assert.equal(body.feed(Buffer.from('cd and the next')), 2)
    body.read(sink)

    assert.deepEqual(seen, ['ab', 'cd', 'END'])
    assert.equal(flow.invited, 0)
  })

  it('tells its reader that the client is gone, at once or late', () => {
    const [early, late] = [createReader(true), createReader(true)]
    const body = new IncomingBody({ kind: 'length', length: 4 }, createFlow())
    body.read(early.sink)
    body.leave()
    body.read(late.sink)

    assert.deepEqual([early.seen, late.seen], [['GONE'], ['GONE']])
  })
})
