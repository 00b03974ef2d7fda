import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventStreamQuestion, initializeQuestion } from '../../src/doctor/greeting.ts'
import { createProbe, type Question } from '../../src/doctor/probe.ts'

const URL_ = 'https://mcp.example.com/mcp'
const EVENT = 'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'

/** Asks where these parts come one by one, and the stream stays open. */
async function ask(question: Question, parts: readonly string[]) {
  const encoder = new TextEncoder()
  const left = [...parts]
  const body = new ReadableStream({
    pull: (out) => {
      const part = left.shift()
      if (part !== undefined) out.enqueue(encoder.encode(part))
    },
  })
  const probe = createProbe(
    async () => new Response(body),
    () => performance.now(),
  )
  const answer = await probe({ timeout: 5_000, ...question })
  return answer.kind === 'answered' ? { text: answer.text, isCut: answer.isCut } : answer
}

describe('initializeQuestion', () => {
  it('reads a stream up to the answer, however it is cut into parts', async () => {
    for (const parts of [
      [EVENT],
      [...EVENT],
      [': hello\r\n\r\n', EVENT.slice(0, 30), EVENT.slice(30)],
    ]) {
      const answer = await ask(initializeQuestion(URL_), [...parts, ': more'])

      assert.equal('isCut' in answer ? answer.isCut : 'failed', false)
    }
  })

  it('reads many small events in no time', async () => {
    const noise = Array.from(
      { length: 2_500 },
      (_, at) => `data: {"at":${at},"x":"${'x'.repeat(80)}"}\n\n`,
    )
    const start = performance.now()

    await ask(initializeQuestion(URL_), [...noise, EVENT])

    // Five seconds and more where each part is read again with all before it.
    assert.ok(performance.now() - start < 1_500)
  })
})

describe('eventStreamQuestion', () => {
  it('reads a stream up to the end of its first event', async () => {
    const parts = ['event: endpoint\r', '\ndata: /message\r\n', '\r', '\n']

    assert.deepEqual(await ask(eventStreamQuestion(URL_), parts), {
      text: parts.join(''),
      isCut: false,
    })
  })
})
