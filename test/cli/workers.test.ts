import assert from 'node:assert/strict'
import { it } from 'node:test'
import { keepWorkers } from '../../src/cli/workers.ts'
import type { WorkerProcess } from '../../src/platform/platform.ts'

it('each worker is asked to stop once, however many end before it', async () => {
  const asked: number[] = []
  const ends: (() => void)[] = []
  let stop = () => {}
  const start = (): WorkerProcess => {
    const number = ends.length
    return {
      send: () => undefined,
      onMessage: (listener) => listener({ kind: 'listening', banner: 'up' }),
      onEnd: (ended) => void ends.push(() => ended(0)),
      stop: () => void asked.push(number),
    }
  }
  const platform = {
    cluster: { primary: undefined, start },
    onStop: (listener: () => void) => {
      stop = listener
    },
    write: () => undefined,
  }

  const kept = keepWorkers(platform, 3, () => undefined)
  stop()
  for (const end of ends) end()

  assert.equal(await kept, 0)
  assert.deepEqual(asked, [0, 1, 2])
})
