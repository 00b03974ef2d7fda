import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Framing, frameRequest, frameResponse } from '../../src/http1/framing.ts'

const EMPTY = { kind: 'length', length: 0 } as const
const CHUNKED = { kind: 'chunked' } as const
const CLOSE = { kind: 'close' } as const
const OK = { status: 200, minor: 1 } as const

/** Lines that frame a message alike, whoever reads them. */
const PLAIN: readonly (readonly [lines: readonly string[], framing: Framing])[] = [
  [['Content-Length', '0'], EMPTY],
  [['content-length', '5'], { kind: 'length', length: 5 }],
  [['CONTENT-LENGTH', '007'], { kind: 'length', length: 7 }],
  [['Content-Length', '999999999999999'], { kind: 'length', length: 999_999_999_999_999 }],
  [['Transfer-Encoding', 'chunked'], CHUNKED],
  [['transfer-encoding', 'Chunked'], CHUNKED],
  [['X', 'y', 'Content-Length', '5', 'TE', 'gzip'], { kind: 'length', length: 5 }],
]

/** Values that one hop reads so and another so, and what nobody can hold. */
const LENGTHS = [
  ...['', '+5', '-5', '-0', '0x5', '0b1', '5,5', '5, 5', '5 5', ' 5', '5 ', '\t5', '5\t', '1e3'],
  ...[
    '5.0',
    '.5',
    '5.',
    '5;',
    '"5"',
    '5\x00',
    '\x005',
    '5\x0b',
    '\x0b5',
    '5\x0c',
    '5\xa0',
    '\xa05',
  ],
  ...['5\r', '5\n', '\n5', '5\r\n', 'NaN', 'Infinity', '1_000', '5n', '\xb2', '\u0665', '\uff15'],
  ...['1000000000000000', '9007199254740993', '18446744073709551621', '9'.repeat(400)],
  ...['0000000000000005', 'chunked', 'five'],
]
const CODINGS = [
  ...[
    '',
    'chunked, chunked',
    'chunked,chunked',
    'xchunked',
    'chunkedx',
    '\x0bchunked',
    'chunked\x0b',
  ],
  ...['chunked;a', 'chunked; a=b', 'identity', 'identity, chunked', 'chunked, identity', 'gzip'],
  ...[
    'gzip, chunked',
    'chunked, gzip',
    ', chunked',
    'chunked,',
    '"chunked"',
    'chun ked',
    ' chunked',
  ],
  ...[
    'chunked ',
    '\tchunked',
    'chunked\t',
    '\xa0chunked',
    'chunked\xa0',
    'chunked\x00',
    'chunked\r',
  ],
  ...['chunked\n', '5'],
]
const NOT_PLAIN = [
  ...LENGTHS.map((value) => ['Content-Length', value]),
  ...CODINGS.map((value) => ['Transfer-Encoding', value]),
  ['Content-Length', '5', 'Content-Length', '5'],
  ['Content-Length', '5', 'content-length', '6'],
  ['Content-Length', '5', 'X', 'y', 'Content-Length', ''],
  ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'identity'],
  ['Transfer-Encoding', 'identity', 'Transfer-Encoding', 'chunked'],
  ['Content-Length', '5', 'Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'chunked', 'Content-Length', '5'],
  ['Content-Length', '5', 'Transfer-Encoding', 'identity'],
]

describe('frameRequest', () => {
  for (const [lines, framing] of PLAIN) {
    it(`finds ${JSON.stringify(framing)} in ${JSON.stringify(lines)}`, () => {
      assert.deepEqual(frameRequest(lines, 1), framing)
    })
  }

  for (const lines of NOT_PLAIN) {
    it(`refuses ${JSON.stringify(lines)}`, () => {
      for (const minor of [0, 1] as const) assert.equal(frameRequest(lines, minor), undefined)
    })
  }

  it('finds no body where nothing tells of one', () => {
    for (const minor of [0, 1] as const) {
      assert.deepEqual(frameRequest(['X-Content-Length', '5', 'Content_Length', '5'], minor), EMPTY)
    }
  })

  it('refuses chunks in HTTP/1.0, which knows none, and takes a length', () => {
    assert.equal(frameRequest(['Transfer-Encoding', 'chunked'], 0), undefined)
    assert.deepEqual(frameRequest(['Content-Length', '5'], 0), { kind: 'length', length: 5 })
  })
})

describe('frameResponse', () => {
  for (const [lines, framing] of PLAIN) {
    it(`finds ${JSON.stringify(framing)} in ${JSON.stringify(lines)}`, () => {
      for (const status of [200, 205, 302, 404]) {
        assert.deepEqual(frameResponse({ status, minor: 1 }, lines), framing)
      }
    })
  }

  for (const lines of NOT_PLAIN) {
    it(`refuses ${JSON.stringify(lines)}`, () => {
      for (const minor of [0, 1] as const)
        assert.equal(frameResponse({ status: 200, minor }, lines), undefined)
    })
  }

  it('finds a body that ends with the connection where nothing tells of one', () => {
    for (const minor of [0, 1] as const) {
      assert.deepEqual(frameResponse({ status: 200, minor }, ['X', 'y']), CLOSE)
    }
    assert.deepEqual(frameResponse(OK, []), CLOSE)
  })

  it('refuses chunks in HTTP/1.0, which knows none, and takes a length', () => {
    const old = { status: 200, minor: 0 } as const

    assert.equal(frameResponse(old, ['Transfer-Encoding', 'chunked']), undefined)
    assert.deepEqual(frameResponse(old, ['Content-Length', '5']), { kind: 'length', length: 5 })
  })

  for (const status of [204, 304]) {
    it(`finds no body of ${status}, whatever its head tells`, () => {
      for (const lines of [[], ...PLAIN.map(([plain]) => plain), ...NOT_PLAIN]) {
        for (const minor of [0, 1] as const)
          assert.deepEqual(frameResponse({ status, minor }, lines), EMPTY)
      }
    })
  }
})
