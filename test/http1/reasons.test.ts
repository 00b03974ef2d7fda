import assert from 'node:assert/strict'
import { STATUS_CODES } from 'node:http'
import { describe, it } from 'node:test'
import { reasonOf } from '../../src/http1/reasons.ts'

/** Words that RFC 9110 has changed, and Node has not. */
const RENAMED = new Map([
  [413, 'Content Too Large'],
  [422, 'Unprocessable Content'],
])

describe('reasonOf', () => {
  it('says the words of the RFC, or none', () => {
    for (let status = 100; status < 1_000; status += 1) {
      const words = RENAMED.get(status) ?? STATUS_CODES[status]
      assert.ok(['', words].includes(reasonOf(status)), `${status} ${reasonOf(status)}`)
    }
  })

  for (const [status, words] of [
    [200, 'OK'],
    [204, 'No Content'],
    [401, 'Unauthorized'],
    [413, 'Content Too Large'],
    [502, 'Bad Gateway'],
    [599, ''],
  ] as const) {
    it(`says ${JSON.stringify(words)} of ${status}`, () => {
      assert.equal(reasonOf(status), words)
    })
  }
})
