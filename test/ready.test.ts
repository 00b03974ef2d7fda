import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { after, type Ready, rescued } from '../src/ready.ts'

const fail = (): Ready<string> => {
  throw new Error('no')
}
const failLater = async (): Promise<string> => fail()

describe('after', () => {
  it('goes on at once with what is there', () => {
    assert.equal(
      after(1, (one) => one + 1),
      2,
    )
  })

  it('goes on later with what is not', async () => {
    const later = after(Promise.resolve(1), (one) => one + 1)

    assert.ok(later instanceof Promise)
    assert.equal(await later, 2)
  })
})

describe('rescued', () => {
  it('gives what comes of the work, at once or later', async () => {
    assert.equal(
      rescued(() => 'done', fail),
      'done',
    )
    assert.equal(await rescued(async () => 'done', fail), 'done')
  })

  for (const [when, work] of [
    ['at once', fail],
    ['later', failLater],
  ] as const) {
    it(`gives what comes of a failure ${when}`, async () => {
      assert.equal(await rescued(work, (error) => `${error}`), 'Error: no')
    })
  }
})
