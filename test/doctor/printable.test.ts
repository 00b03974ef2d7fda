import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toPrintable, toReadable } from '../../src/doctor/printable.ts'

const HOSTILE = fc.constantFrom(
  '\u001b[31m',
  '\u001b]0;',
  '\u0007',
  '\u009b',
  '\u202e',
  '\r',
  '\u2028',
  '\ud800',
)

describe('toPrintable', () => {
  it('lets nothing through that a terminal would obey, whatever comes', () => {
    const texts = fc
      .array(fc.oneof(fc.string({ unit: 'binary' }), HOSTILE))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(texts, (text) => {
        const printed = toPrintable(text)
        assert.doesNotMatch(printed, /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u)
        assert.ok(printed.length <= 201)
      }),
    )
  })

  it('keeps ordinary text', () => {
    const ordinary = fc.stringMatching(/^[\p{L}\p{N}.:/"-]{0,100}$/u)
    fc.assert(fc.property(ordinary, (text) => assert.equal(toPrintable(text), text)))
  })

  it('takes whole control sequences away, not their first character only', () => {
    assert.equal(toPrintable('a\u001b[1;31mb\u001b]0;title\u0007c'), 'ab c')
  })
})

describe('toReadable', () => {
  it('shows what a page says', () => {
    const page = '<html><head><title>t</title></head><style>x{}</style><body><p>Bad\n<b>client</b>'

    assert.equal(toReadable(page), 'Bad client')
  })
})
