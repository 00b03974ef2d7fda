import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseFieldLines } from '../../src/http1/field-lines.ts'
import { formatFields, formatStatusAndFields, isBodyless } from '../../src/http1/format-head.ts'
import { parseResponseHead } from '../../src/http1/response-head.ts'

const LINES_MORE = ['\r', '\n', '\r\n', '\0', '\r\nX: y', '\n\n', '\r\n\r\nHTTP/1.1 200 OK']
/** Of which a cut to bytes makes others: CR, LF, a colon. */
const NO_BYTES = [
  '\u0100',
  '\u010d',
  '\u010a',
  '\u0a0d',
  '\u203a',
  '\u2028',
  '\ud83d\ude00',
  '\udc0a',
]
const CONTROLS = ['\x0b', '\x0c', '\x1f', '\x7f']
const NO_NAMES = ['', ' ', 'A ', ' A', 'A:', ':A', 'A B', 'A\t', '"A"', 'caf\xe9', 'A,B', 'A(b)']

const names = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/)
const values = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/)

describe('formatFields', () => {
  it('gives each line its end, as it came', () => {
    const fields = [
      ['X-a', 'b'],
      ['x-A', ''],
      ['X-a', 'caf\xe9\t"c"'],
    ] as const

    assert.equal(formatFields(fields), 'X-a: b\r\nx-A: \r\nX-a: caf\xe9\t"c"\r\n')
  })

  it('gives nothing for no lines', () => {
    assert.equal(formatFields([]), '')
  })

  it('says what is read again, no line more and none less', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values)), (fields) => {
        const rows = `\r\n${formatFields(fields)}`.split('\r\n').slice(0, -1)

        assert.deepEqual(parseFieldLines(rows), fields.flat())
      }),
    )
  })

  it('refuses what could end a line or is no byte, anywhere in a name or a value', () => {
    const bad = fc.constantFrom(...LINES_MORE, ...NO_BYTES, ...CONTROLS)
    fc.assert(
      fc.property(fc.tuple(names, values, bad, fc.nat({ max: 12 })), ([name, value, piece, at]) => {
        const broken = (text: string) => text.slice(0, at) + piece + text.slice(at)

        assert.throws(() => formatFields([[broken(name), value]]), TypeError)
        assert.throws(() => formatFields([[name, broken(value)]]), TypeError)
        assert.throws(
          () =>
            formatFields([
              ['A', 'b'],
              [name, broken(value)],
            ]),
          TypeError,
        )
      }),
      { numRuns: 500 },
    )
  })

  for (const name of NO_NAMES) {
    it(`refuses the name ${JSON.stringify(name)}`, () => {
      assert.throws(() => formatFields([[name, 'a']]), TypeError)
    })
  }

  it('says in no error what a value was', () => {
    assert.throws(() => formatFields([['Authorization', 'Bearer secret\n']]), {
      name: 'TypeError',
      message: 'Authorization has a value that can not be sent',
    })
  })

  it('says in no error what a bad name was', () => {
    assert.throws(() => formatFields([['se\ncret', 'a']]), {
      message: 'A header has a name that can not be sent',
    })
  })
})

describe('formatStatusAndFields', () => {
  it('begins with the status line', () => {
    assert.equal(formatStatusAndFields(404, [['A', 'b']]), 'HTTP/1.1 404 Not Found\r\nA: b\r\n')
  })

  it('keeps the blank behind a status without words', () => {
    assert.equal(formatStatusAndFields(599, []), 'HTTP/1.1 599 \r\n')
  })

  it('refuses lines as formatFields does', () => {
    assert.throws(() => formatStatusAndFields(200, [['A', 'b\r\nC: d']]), TypeError)
  })

  it('gives a head that is read again, with every status', () => {
    for (let status = 200; status < 600; status += 1) {
      const head = parseResponseHead(formatStatusAndFields(status, [['A', 'b']]).slice(0, -2))

      assert.equal(head?.status, status)
      assert.deepEqual(head?.lines, ['A', 'b'])
    }
  })
})

describe('isBodyless', () => {
  for (const status of [204, 304]) {
    it(`is so for ${status}`, () => {
      assert.equal(isBodyless(status), true)
    })
  }

  for (const status of [200, 201, 202, 203, 205, 206, 300, 303, 307, 400, 404, 500]) {
    it(`is not so for ${status}`, () => {
      assert.equal(isBodyless(status), false)
    })
  }
})
