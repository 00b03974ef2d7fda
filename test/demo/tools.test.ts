import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMcp } from '../../src/demo/mcp.ts'
import { callTool, createMcpRequest, createSession, readEvents } from './demo-user.ts'

const PROGRESS = { progressToken: 'p' }

describe('tools', () => {
  it('are listed with schema, title and annotations', async () => {
    const { post } = await createSession()

    const { result } = await (await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).json()

    for (const { title, inputSchema, annotations } of result.tools) {
      assert.equal(typeof title, 'string')
      assert.equal(inputSchema.type, 'object')
      assert.equal(annotations.readOnlyHint, true)
    }
  })

  it('tell who is signed in and for how long', async () => {
    const { clock, post } = await createSession()
    clock.time += 600_500

    const { result } = await (await post(callTool('whoami'))).json()

    assert.match(result.content[0].text, /Signed in as Grace.* 2999 seconds/)
  })

  const unusable = [
    callTool('add', { a: 1, b: '2' }),
    callTool('add', { a: 1 }),
    callTool('whoami', { x: 1 }),
  ]
  for (const call of unusable) {
    it(`explain what is wrong with ${JSON.stringify(call.params)}`, async () => {
      const { post } = await createSession()

      const { result } = await (await post(call)).json()

      assert.equal(result.isError, true)
    })
  }

  for (const args of [{ from: 0 }, { from: 11 }, { from: 1.5 }, { from: 1, delayMs: 1001 }]) {
    it(`refuse to count down by ${JSON.stringify(args)}`, async () => {
      const { post } = await createSession()

      const [answer] = await readEvents(await post(callTool('countdown', args)))

      assert.equal(answer.result.isError, true)
    })
  }
})

describe('countdown', () => {
  it('streams its steps in order, then the result', async () => {
    const { post } = await createSession()

    const response = await post(callTool('countdown', { from: 3, delayMs: 0 }, PROGRESS))

    const events = await readEvents(response)
    const steps = events.slice(0, -1).map(({ params }) => params)
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.deepEqual(steps, [
      { progressToken: 'p', progress: 1, total: 3, message: '3' },
      { progressToken: 'p', progress: 2, total: 3, message: '2' },
      { progressToken: 'p', progress: 3, total: 3, message: '1' },
    ])
    assert.equal(events.at(-1).id, 7)
    assert.equal(events.at(-1).result.content[0].text, 'Counted down from 3.')
  })

  it('streams nothing but the result without a progress token', async () => {
    const { post } = await createSession()

    const events = await readEvents(await post(callTool('countdown', { from: 3, delayMs: 0 })))

    assert.equal(events.length, 1)
  })

  it('stops when its stream is cancelled', async () => {
    const waits: AbortSignal[] = []
    const post = createMcp({
      findSession: () => ({ name: 'Ada', expiresAt: 1 }),
      now: () => 0,
      wait: (_, signal) => {
        waits.push(signal)
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      },
    })
    const response = await post(createMcpRequest('t', callTool('countdown', { from: 9 }, PROGRESS)))
    const reader = response.body?.getReader()
    await reader?.read()

    await reader?.cancel()

    assert.equal(waits.length, 1)
    assert.equal(waits[0]?.aborted, true)
  })
})
