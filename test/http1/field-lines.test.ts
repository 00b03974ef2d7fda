import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  hasToken,
  isFieldName,
  isFieldValue,
  parseFieldLines,
  valuesOf,
} from '../../src/http1/field-lines.ts'

const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
const NAME_BYTES = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
/** What is no byte of a latin1 text. */
const WIDE = ['\u0100', '\u2028', '\u212a', '\ud83d\ude00', '\ud800', '\uff1a', '\u010d', '\u0a0d']

describe('parseFieldLines', () => {
  for (const [row, name, value] of [
    ['A:', 'A', ''],
    ['A:b', 'A', 'b'],
    ['a: b', 'a', 'b'],
    ['A:\t b \t', 'A', 'b'],
    ['A: \t ', 'A', ''],
    ['A:: b', 'A', ': b'],
    ['A: b:c', 'A', 'b:c'],
    ['A: b \t c', 'A', 'b \t c'],
    ['A: \xa0\x80\xff\xa0', 'A', '\xa0\x80\xff\xa0'],
    ['!#$%&\'*+-.^_`|~09AZaz: "b", (c)', "!#$%&'*+-.^_`|~09AZaz", '"b", (c)'],
  ] as const) {
    it(`reads ${JSON.stringify(value)} in ${JSON.stringify(row)}`, () => {
      assert.deepEqual(parseFieldLines(['the first row', row]), [name, value])
    })
  }

  it('gives every line, in order, also those of one name', () => {
    const rows = ['', 'A: 1', 'b: 2', 'a: 3', 'A: 1']

    assert.deepEqual(parseFieldLines(rows), ['A', '1', 'b', '2', 'a', '3', 'A', '1'])
  })

  it('gives none where there are none', () => {
    assert.deepEqual(parseFieldLines(['the first row']), [])
  })

  for (const row of [
    ...['', 'A', ':', ': b', ' A: b', '\tA: b', ' b', '\tb', 'A : b', 'A\t: b', 'A\x00: b'],
    ...['A\r: b', 'A\n: b', 'A: b\r', 'A: b\n', 'A: b\rC: d', 'A: b\nC: d', 'A: b\n c', 'A:\r b'],
    ...['A: b\x00', 'A: \x00', 'A: \x0b', 'A: \x0c', 'A: \x1f', 'A: \x7f', 'A\xa0: b', '\xa0A: b'],
    ...[
      'A b: c',
      'A, B: c',
      'A(: b',
      '"A": b',
      'A/B: c',
      'A;b: c',
      'A=b: c',
      '[A]: b',
      'caf\xe9: b',
    ],
    ...[
      'A\x0b: b',
      '\x0bA: b',
      '\x7fA: b',
      '\r',
      '\n',
      '\rA: b',
      '\nA: b',
      'A: \u0100',
      '\u212a: b',
    ],
  ]) {
    it(`refuses ${JSON.stringify(row)}, wherever it stands`, () => {
      for (const rows of [
        ['', row],
        ['', row, 'X: y'],
        ['', 'X: y', row],
      ]) {
        assert.equal(parseFieldLines(rows), undefined)
      }
    })
  }
})

describe('isFieldName', () => {
  it('lets the bytes of tokens be, and no other', () => {
    assert.equal(EVERY_BYTE.filter(isFieldName).sort().join(''), [...NAME_BYTES].sort().join(''))
    for (const byte of [...EVERY_BYTE, ...WIDE]) {
      const isToken = NAME_BYTES.includes(byte)
      for (const name of [`${byte}b`, `a${byte}`, `a${byte}b`])
        assert.equal(isFieldName(name), isToken)
    }
  })

  it('lets no empty name be', () => {
    assert.equal(isFieldName(''), false)
  })
})

describe('isFieldValue', () => {
  it('lets be what is no control but a tab', () => {
    for (const byte of EVERY_BYTE) {
      const isText = byte === '\t' || (byte >= ' ' && byte !== '\x7f')
      for (const value of [byte, `${byte}b`, `a${byte}`, `a${byte}b`])
        assert.equal(isFieldValue(value), isText, JSON.stringify(value))
    }
  })

  for (const wide of WIDE) {
    it(`lets ${JSON.stringify(wide)} not be, which is no byte`, () => {
      for (const value of [wide, `${wide}b`, `a${wide}`]) assert.equal(isFieldValue(value), false)
    })
  }

  it('lets an empty value be', () => {
    assert.equal(isFieldValue(''), true)
  })
})

describe('valuesOf', () => {
  const LINES = ['A', '1', 'b', 'a', 'a', '', 'Ab', '2', 'A', '1']

  it('gives the values of all lines of a name, in any case, in order', () => {
    assert.deepEqual(valuesOf(LINES, 'a'), ['1', '', '1'])
    assert.deepEqual(valuesOf(LINES, 'ab'), ['2'])
  })

  it('gives none of another name, nor a value for a name', () => {
    for (const name of ['1', '2', 'abc', '']) assert.deepEqual(valuesOf(LINES, name), [])
  })
})

describe('hasToken', () => {
  for (const values of [
    ['close'],
    ['CLOSE'],
    [' close\t'],
    ['a,close'],
    ['a ,\tclose ,b'],
    [',,close,'],
    ['a', '', 'b, Close'],
  ]) {
    it(`finds it in ${JSON.stringify(values)}`, () => {
      assert.equal(hasToken(values, 'close'), true)
    })
  }

  for (const values of [
    ...[
      [],
      [''],
      [','],
      ['closed'],
      ['xclose'],
      ['clo', 'se'],
      ['close;a'],
      ['close a'],
      ['"close"'],
    ],
    ...[['close=1'], ['\xa0close'], ['close\xa0'], ['\x0bclose'], ['\ufeffclose'], ['clo\u017fe']],
  ]) {
    it(`finds it not in ${JSON.stringify(values)}`, () => {
      assert.equal(hasToken(values, 'close'), false)
    })
  }

  it('finds every token of a list, however it is written', () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,8}$/)
    const blanks = fc.stringMatching(/^[ \t]{0,3}$/)
    const element = fc.tuple(blanks, token, blanks)
    fc.assert(
      fc.property(fc.array(fc.array(element)), (lists) => {
        const values = lists.map((list) => list.map((parts) => parts.join('')).join(','))
        for (const [, one] of lists.flat()) assert.ok(hasToken(values, one))
      }),
    )
  })
})
