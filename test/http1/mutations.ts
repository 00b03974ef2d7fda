import fc from 'fast-check'

/** Pieces over which readers of HTTP/1.1 have disagreed. */
const PIECES = [
  ...'\r\n\0\t\x0b\x0c\x1f\x7f\x80\x85\xa0\xff :;,+-"\\/#?@[%_0159aAfFgx',
  '\r\n',
  '\r\r\n',
  '\n\n',
  '\r\n\r\n',
  '\r\n ',
  '\r\n\t',
  ' \r\n',
  ' :',
  ': ',
  '0x',
  '  ',
]

/** Values that lines of framing have been given to be read in two ways. */
const VALUES = [
  ...['0', '3', '+3', '-3', '0x3', '3,3', '3, 3', '3 3', ' 3', '3 ', '3\t', '\t3', '3\x0b', '1e0'],
  ...['03', '000000000000000003', '3.0', '3;', '', ' ', '999999999999999', '9007199254740993'],
  ...['18446744073709551619', '4294967299', '9'.repeat(30), '\xb2', '3\0', '3\xa0', '\xa03'],
  ...['chunked', 'CHUNKED', 'Chunked', 'chunked ', '\tchunked', 'chunked, chunked', 'xchunked'],
  ...['\x0bchunked', 'chunked;a', 'chunked;q=1', 'identity', 'gzip', 'gzip, chunked', 'chunkedx'],
  ...[
    'chunked, gzip',
    ', chunked',
    'chunked,',
    '"chunked"',
    'chun ked',
    'chunked\x0c',
    '\xa0chunked',
  ],
  ...['close', 'keep-alive', 'close, keep-alive', 'keep-alive,close', 'upgrade', 'Upgrade, close'],
  ...['100-continue', 'x, 100-continue', '100-continue;a', 'timeout=5', 'websocket', 'h2c'],
]

const NAMES = [
  ...['Content-Length', 'content-length', 'Content-length ', 'Content_Length', 'Content-Length\0'],
  ...['Transfer-Encoding', 'TRANSFER-ENCODING', 'Transfer-Encoding\t', ' Transfer-Encoding', ''],
  ...['Connection', 'Proxy-Connection', 'Upgrade', 'Expect', 'Keep-Alive', 'Host', 'X-A', 'TE'],
]

const VERSIONS = [
  ...['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/1.10', 'HTTP/01.1', 'HTTP/2.0', 'HTTP/0.9'],
  ...[
    'http/1.1',
    'HTTP/1,1',
    'HTTP/1',
    'HTTP/ 1.1',
    'HTTP/+1.1',
    'HTTPS/1.1',
    'ICE/1.0',
    'RTSP/1.0',
  ],
]

/** Changes a text somewhere: the place is a share of its length. */
type Mutation = (text: string) => string

const place = fc.nat({ max: 9_999 })
const at = (text: string, share: number) => Math.floor((share * (text.length + 1)) / 10_000)

const bytes: fc.Arbitrary<Mutation> = fc
  .tuple(place, fc.nat({ max: 2 }), fc.constantFrom('', ...PIECES))
  .map(([share, deleted, piece]) => (text) => {
    const from = at(text, share)
    return text.slice(0, from) + piece + text.slice(from + deleted)
  })

/** Changes one row of a head, given what it is and all of them. */
function onRow(change: (row: string) => string): fc.Arbitrary<Mutation> {
  return place.map((share) => (text) => {
    const rows = text.split('\r\n')
    const row = at(rows.slice(1).join(''), share) % Math.max(rows.length - 2, 1)
    return rows.with(row, change(rows[row] ?? '')).join('\r\n')
  })
}

const recased = (row: string) =>
  [...row].map((one, index) => (index % 2 === 0 ? one.toUpperCase() : one.toLowerCase())).join('')

const line: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom(': ', ':', ' : ', ':\t '),
    fc.constantFrom(...VALUES),
  )
  .chain(([name, colon, value]) => onRow((row) => `${row}\r\n${name}${colon}${value}`))

const value: fc.Arbitrary<Mutation> = fc
  .tuple(fc.constantFrom(...VALUES))
  .chain(([given]) => onRow((row) => row.replace(/:.*/s, `: ${given}`)))

const version: fc.Arbitrary<Mutation> = fc
  .constantFrom(...VERSIONS)
  .map((given) => (text) => text.replace(/HTTP\/\d\.\d/, given))

const ROWS = [
  onRow((row) => `${row}\r\n${row}`),
  onRow((row) => `${row}\r\n ${row}`),
  onRow((row) => row.replace(': ', ':\r\n\t')),
  onRow(recased),
  onRow(() => ''),
]

/** This text, changed in a few places. */
export function mutated(
  texts: fc.Arbitrary<string>,
  mutations: fc.Arbitrary<Mutation>,
): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.array(mutations, { maxLength: 3 }))
    .map(([text, changes]) => changes.reduce((changed, change) => change(changed), text))
}

/** Changes of a body in chunks with trailers. */
export const IN_BODIES = fc.oneof(bytes, bytes, bytes, line)

/** Changes of a head with the empty line that ends it. */
export const IN_HEADS = fc.oneof(bytes, bytes, line, line, value, version, ...ROWS)
