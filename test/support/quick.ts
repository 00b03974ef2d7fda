import assert from 'node:assert/strict'

const LIMIT = 20 // milliseconds of processor time, which other programs do not take from us
const ATTEMPTS = 5 // the first ones may have to compile, any to collect garbage

/** Runs what must not throw, and checks that it can be done in less than 20 ms. */
export function assertQuick(run: () => unknown): void {
  const times: number[] = []
  while (times.length < ATTEMPTS) {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    const time = (user + system) / 1_000
    if (time < LIMIT) return
    times.push(time)
  }
  assert.fail(`It took ${times.join(', ')} ms`)
}
