import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ChunkedDecoder, MalformedError } from '../../src/http1/chunked.ts'
import { assertQuick } from '../support/quick.ts'
import { IN_BODIES, mutated } from './mutations.ts'
import { readRequestsByNode } from './node-reader.ts'

interface Decoded {
  readonly data: string
  readonly used: number
  readonly isDone: boolean
}

/** What these pieces say, one byte of each character; throws a MalformedError. */
function decode(...pieces: readonly string[]): Decoded {
  const decoder = new ChunkedDecoder()
  let data = ''
  let used = 0
  for (const piece of pieces) {
    used += decoder.decode(Buffer.from(piece, 'latin1'), (part) => {
      data += Buffer.from(part).toString('latin1')
    })
  }
  return { data, used, isDone: decoder.isDone }
}

/** The same, or undefined for what is none. */
function tryDecode(...pieces: readonly string[]): Decoded | undefined {
  try {
    return decode(...pieces)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

const EXTENSIONS = ['', '', ';a', ';a=b', ' ; a = "b;\\"c\xe9" ;\td', ';!#$%&\'*+-.^_`|~9="\t"']

const chunk = fc
  .tuple(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.constantFrom('', '0', '000'),
    fc.boolean(),
    fc.constantFrom(...EXTENSIONS),
  )
  .map(([bytes, zeros, isUpper, extension]) => {
    const data = Buffer.from(bytes).toString('latin1')
    const digits = bytes.length.toString(16)
    const size = zeros + (isUpper ? digits.toUpperCase() : digits) + extension
    return { data, text: `${size}\r\n${data}\r\n` }
  })

/** Bodies, and the data in them. */
const bodies = fc
  .tuple(
    fc.array(chunk, { maxLength: 5 }),
    fc.constantFrom('0', '00', '0;a=b', '00000000'),
    fc.constantFrom('', 'A: b\r\n', 'X-Sum:\t"caf\xe9" \r\nx:\r\n'),
  )
  .map(([chunks, last, trailers]) => ({
    data: chunks.map(({ data }) => data).join(''),
    text: `${chunks.map(({ text }) => text).join('')}${last}\r\n${trailers}\r\n`,
  }))

describe('a ChunkedDecoder', () => {
  it('gives the data of all chunks, and not what follows them', () => {
    fc.assert(
      fc.property(bodies, fc.string({ unit: 'binary-ascii' }), ({ data, text }, rest) => {
        assert.deepEqual(decode(text + rest), { data, used: text.length, isDone: true })
      }),
    )
  })

  it('gives the same however a body is cut', () => {
    const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 8 })
    const texts = mutated(
      bodies.map(({ text }) => `${text}rest`),
      IN_BODIES,
    )
    fc.assert(
      fc.property(texts, cuts, (text, places) => {
        const ends = [...places, text.length].sort((a, b) => a - b)
        const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end))

        const whole = tryDecode(text)
        assert.deepEqual(tryDecode(...pieces), whole)
        assert.deepEqual(tryDecode(...text), whole)
      }),
      { numRuns: 300 },
    )
  })

  it('is not done before the last byte of the body', () => {
    fc.assert(
      fc.property(bodies, ({ text }) => {
        for (let end = 0; end < text.length; end += 1) {
          const { used, isDone } = decode(text.slice(0, end))
          assert.deepEqual({ used, isDone }, { used: end, isDone: false })
        }
      }),
    )
  })

  it('takes nothing once it is done', () => {
    assert.deepEqual(decode('0\r\n\r\n', '0\r\n\r\n'), { data: '', used: 5, isDone: true })
  })

  it('hands data on as it comes', () => {
    assert.deepEqual(decode('5\r\nab'), { data: 'ab', used: 5, isDone: false })
  })

  it('reads sizes of up to eight digits', () => {
    assert.equal(decode('ffffffff\r\nab').data, 'ab')
    assert.equal(tryDecode('100000000\r\nab'), undefined)
    assert.equal(tryDecode('000000001\r\na'), undefined)
  })

  for (const size of [
    ...['', '+5', '-5', '0x5', '0X5', 'x5', '5x', '5h', '5,5', '5 5', ' 5', '\t5', '5 ', '5\t'],
    ...['1e3 ', '1_0', '5.0', '\xb2', '5\x00', '\x005', '5\x0b', '\x0b5', '5\x7f', '5\xa0', '5:a'],
    ...['5\n', '\n5', '5\r', '\r5', '5\r\r', '"5"', '%35', '\r\n5', 'fffffffffffffffff', '-0'],
    ...['5;', '5;;a', '5;a;', '5;a b', '5;a=', '5;=b', '5;a=b=c', '5;a="b', '5;a="b"c', '5;a=b"'],
    ...[
      '5;a\n',
      '5;\na',
      '5;a\rb',
      '5;a\x00',
      '5;a\x7f',
      '5;caf\xe9',
      '5;a="\x01"',
      '5;a="\\"',
      '5;a ',
    ],
  ]) {
    it(`refuses the size ${JSON.stringify(size)}`, () => {
      assert.throws(() => decode(`${size}\r\nabcde\r\n0\r\n\r\n`), MalformedError)
    })
  }

  for (const byte of ['\n', '\x00', '\x0b', '\x7f']) {
    it(`refuses ${JSON.stringify(byte)} in a line at once, not at its end`, () => {
      for (const line of ['', '5', '5;a', '1\r\na', '0\r\n', '0\r\na: b'])
        assert.throws(() => decode(line + byte), MalformedError)
    })
  }

  for (const [what, text] of [
    ['that is longer than its size', '4\r\nabcde\r\n0\r\n\r\n'],
    ['that is shorter than its size', '6\r\nabcde\r\n0\r\n\r\n'],
    ['without an end', '5\r\nabcde0\r\n\r\n'],
    ['whose size ends in LF', '5\nabcde\r\n0\r\n\r\n'],
    ['whose size ends in CR', '5\rabcde\r\n0\r\n\r\n'],
    ['that ends in LF', '5\r\nabcde\n0\r\n\r\n'],
    ['that ends in CR', '5\r\nabcde\r0\r\n\r\n'],
    ['that ends in CR CR LF', '5\r\nabcde\r\r\n0\r\n\r\n'],
    ['that ends in blanks', '5\r\nabcde \r\n0\r\n\r\n'],
    ['that ends in LF, the last', '0\n\r\n'],
    ['that ends in two LF, the last', '0\r\n\n'],
  ] as const) {
    it(`refuses a chunk ${what}`, () => {
      assert.throws(() => decode(text), MalformedError)
    })
  }

  for (const trailer of [
    ...['a', ' a: b', '\ta: b', ': b', 'a : b', 'a: b\r\n c', 'a: b\x00', 'a: \x7f', 'a\x0b: b'],
    ...['caf\xe9: b', 'a: b\n', 'a: b\rc: d', 'a: b\nc: d', '\x00', 'GET / HTTP/1.1'],
  ]) {
    it(`refuses the trailer ${JSON.stringify(trailer)}`, () => {
      assert.throws(() => decode(`0\r\n${trailer}\r\n\r\n`), MalformedError)
    })
  }

  for (const [what, text] of [
    ['size', '0'.repeat(64 * 1024)],
    ['extension', `1;${'a'.repeat(64 * 1024)}`],
    ['trailer', `0\r\na: ${'a'.repeat(64 * 1024)}`],
    ['trailers', `0\r\n${'a: b\r\n'.repeat(11_000)}`],
  ] as const) {
    it(`refuses a ${what} of 64 KiB before its end`, () => {
      assert.throws(() => decode(text), MalformedError)
    })
  }

  for (const piece of [
    ' ',
    '\t',
    ':',
    ';',
    ';a',
    ';a="',
    '0',
    'a',
    '"',
    '\\"',
    '\r',
    '\n',
    '\r\n',
  ]) {
    const many = piece.repeat((64 * 1024) / piece.length)
    for (const text of [
      many,
      `1${many}`,
      `1;a${many}`,
      `1;a="${many}`,
      `0\r\n${many}`,
      `0\r\na:${many}`,
    ]) {
      const what = JSON.stringify(text.replace(many, '…'))
      it(`is quick where ${what} has many ${JSON.stringify(piece)}`, () => {
        assertQuick(() => tryDecode(text))
      })
    }
  }

  it('is quick in lines that are nearly too long', () => {
    for (const extension of [
      ' '.repeat(250),
      '\t;'.repeat(125),
      ';a'.repeat(125),
      ';a ='.repeat(62),
    ]) {
      const line = `1${extension}`
      assertQuick(() => Array.from({ length: 16 }, () => tryDecode(`${line}\x01`, `${line}\r\n`)))
    }
  })
})

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const RUNS = 4_000
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'

/** Bodies that Node refuses for this code, and the RFC does not. */
const STRICTER: readonly (readonly [refusal: string, body: RegExp])[] = [
  // Blanks around the parts of an extension have to be borne (RFC 9112 §7.1.1).
  ['HPE_INVALID_CHUNK_SIZE', /^[0-9A-Fa-f]+[\t ]+;/m],
  ['HPE_STRICT', /^[0-9A-Fa-f]+(?=;).*(?:[\t ][;=]|[;=][\t ])/m],
  // What trailers say of framing is passed over as all of them is (RFC 9110 §6.5.1).
  ['HPE_INVALID_CONTENT_LENGTH', /^content-length:/im],
  ['HPE_INVALID_TRANSFER_ENCODING', /^transfer-encoding:/im],
]

describe('a body that a ChunkedDecoder accepts', () => {
  it('is accepted by Node, with the same data and the same end', async () => {
    const texts = mutated(
      bodies.map(({ text }) => text),
      IN_BODIES,
    )
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const decoded = tryDecode(text)
        if (decoded?.isDone !== true) return
        const { data, used } = decoded
        const body = text.slice(0, used)
        const parts = [HEAD + body.slice(0, -1), body.slice(-1), NEXT]
        const [cut, whole, next] = await readRequestsByNode(...parts)
        if (STRICTER.some(([code, known]) => whole?.refusal === code && known.test(body))) return
        accepted += 1

        assert.equal(whole?.refusal, undefined)
        assert.equal(whole?.messages[0]?.body, data)
        assert.deepEqual(
          [cut, whole].map((reading) => reading?.messages[0]?.isComplete),
          [false, true],
        )
        // Node closes for a trailer, which RFC 9110 §6.5.1 lets nobody merge into the head.
        if (/^(?:proxy-)?connection:/im.test(body)) return
        assert.equal(next?.messages[1]?.start, 'GET /next 1.1')
      }),
      { numRuns: RUNS },
    )
    assert.ok(accepted > RUNS / 10)
  })
})
