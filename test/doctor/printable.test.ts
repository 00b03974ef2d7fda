import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toPrintable, toReadable, toTitle } from '../../src/doctor/printable.ts'

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

  it('shows what stands behind a head that does not end, and no script', () => {
    assert.equal(toReadable('<head><body>No <SCRIPT>x<y</Script >entry 1 < 2'), 'No entry 1 < 2')
    assert.equal(toReadable('No entry<script>var x'), 'No entry')
  })

  for (const part of ['<', '<head>', '<script>', '<title', '</head', '<head></head', '<a>']) {
    it(`reads a page of nothing but ${part} in no time`, () => {
      const page = part.repeat(262_144 / part.length)
      const start = performance.now()

      toReadable(page)
      toTitle(page)

      // Ten seconds and more where each begins anew.
      assert.ok(performance.now() - start < 500)
    })
  }
})

describe('toTitle', () => {
  it('gives the title of a page, if it has one', () => {
    assert.equal(toTitle('<html><TITLE lang="en">Sign in\u001b[2J</title>'), 'Sign in')
    assert.equal(toTitle('<p>nothing'), '')
  })
})
