import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TextAnswer } from '../../src/request/answer.ts'
import { createAnswerKeeper } from '../../src/request/kept-answers.ts'
import type { PublicBase } from '../../src/request/public-base.ts'

const BASE: PublicBase = {
  origin: 'https://llm.example.com',
  prefix: '/llm',
  hostname: 'llm.example.com',
  isDerived: true,
}
const SCOPES = ['read']
const ORIGIN = { base: BASE, at: '/gh/mcp', of: ['gh', SCOPES] }

let made = 0
const make = () => {
  made += 1
  return new TextAnswer(200, [], `made ${made}`)
}

describe('kept answers', () => {
  it('are the same where all that they are made of is', () => {
    const keep = createAnswerKeeper()

    assert.equal(keep(ORIGIN, make), keep({ ...ORIGIN, of: ['gh', SCOPES] }, make))
  })

  const others = {
    place: { ...ORIGIN, at: '/gl/mcp' },
    origin: { ...ORIGIN, base: { ...BASE, origin: 'https://evil.test' } },
    prefix: { ...ORIGIN, base: { ...BASE, prefix: '' } },
    'base of the same name': { ...ORIGIN, base: { ...BASE, isDerived: false } },
    server: { ...ORIGIN, of: ['gl', SCOPES] },
    'list of scopes': { ...ORIGIN, of: ['gh', ['read']] },
    'number of parts': { ...ORIGIN, of: ['gh', SCOPES, 'invalid_token'] },
  }
  for (const [what, other] of Object.entries(others)) {
    it(`are made anew for another ${what}`, () => {
      const keep = createAnswerKeeper()
      const first = keep(ORIGIN, make)
      const second = keep(other, make)

      assert.notEqual(second.text, first.text)
      assert.equal(keep(other, make), second)
    })
  }

  it('are forgotten before strangers’ hosts fill the memory', () => {
    const keep = createAnswerKeeper()
    const first = keep(ORIGIN, make)
    for (let host = 0; host < 5_000; host += 1) {
      keep({ ...ORIGIN, base: { ...BASE, origin: `https://${host}.evil.test` } }, make)
    }

    assert.notEqual(keep(ORIGIN, make).text, first.text)
  })

  it('are not kept where they are longer than any of ours', () => {
    const keep = createAnswerKeeper()
    const long = () => new TextAnswer(200, [], 'x'.repeat(64 * 1024))

    assert.notEqual(keep(ORIGIN, long), keep(ORIGIN, long))
  })
})
