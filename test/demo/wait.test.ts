import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { wait } from '../../src/demo/wait.ts'

describe('wait', () => {
  it('resolves in the end', async () => {
    await wait(0, new AbortController().signal)
  })

  it('rejects as soon as its signal aborts', async () => {
    const controller = new AbortController()
    const waiting = wait(1_000_000, controller.signal)

    controller.abort(new Error('stop'))

    await assert.rejects(waiting, /stop/)
  })

  it('rejects at once when its signal was aborted before', async () => {
    await assert.rejects(wait(1_000_000, AbortSignal.abort(new Error('stop'))), /stop/)
  })
})
