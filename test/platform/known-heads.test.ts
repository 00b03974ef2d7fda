import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createHeadReader } from '../../src/platform/known-heads.ts'

interface Wire {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly peer: string
}

/** The text of a head, as it came over the wire. */
const textOf = ({ method, url, rawHeaders }: Wire) => {
  const rows = [`${method} ${url} HTTP/1.1`]
  for (let at = 0; at < rawHeaders.length; at += 2)
    rows.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  return rows.join('\r\n')
}

const POST: Wire = {
  method: 'POST',
  url: '/gh/mcp',
  rawHeaders: ['Host', 'localhost:4000', 'Authorization', 'Bearer t', 'Content-Length', '12'],
  peer: '::ffff:127.0.0.1',
}
const HOST = ['Host', 'localhost:4000']
/** Few, so that most come again, and such that each is close to another. */
const HEADS = [
  [...HOST, 'Authorization', 'Bearer t', 'Content-Length', '12'],
  [...HOST, 'Authorization', 'Bearer t', 'Content-Length', '13'],
  [...HOST, 'Authorization', 'Bearer t', 'X-Length', '12'],
  [...HOST, 'Authorization', 'Bearer t', 'Transfer-Encoding', 'chunked'],
  [...HOST, 'Authorization', 'Bearer t', 'Authorization', 'Bearer u'],
  ['Host', 'other.example', 'Authorization', 'Bearer t', 'Content-Length', '12'],
  ['Authorization', 'Bearer t', ...HOST, 'Content-Length', '12'],
  [...HOST, 'Authorization', '/gh/mcp'],
  HOST,
]

describe('a reader of heads', () => {
  it('reads every head as one does that remembers none', () => {
    const wires = fc.record({
      method: fc.constantFrom('POST', 'TRACE'),
      url: fc.constantFrom('/gh/mcp', '/gh/mcp?a=1', '/a//b'),
      rawHeaders: fc.constantFrom(...HEADS),
      peer: fc.constantFrom('127.0.0.1', '10.0.0.1'),
    })
    fc.assert(
      fc.property(fc.array(wires, { minLength: 50, maxLength: 150 }), (requests) => {
        const remembering = createHeadReader()
        for (const request of requests) {
          const read = remembering(textOf(request), request.peer)
          const fresh = createHeadReader()(textOf(request), request.peer)
          assert.deepEqual(plain(read), plain(fresh))
        }
      }),
    )
  })

  it('hands over the same head for the same lines, and each body as it comes', () => {
    const read = createHeadReader()
    const longer = { ...POST, rawHeaders: POST.rawHeaders.with(5, '99') }

    const first = passed(read(textOf(POST), POST.peer))
    const again = passed(read(textOf(POST), POST.peer))
    const other = passed(read(textOf(longer), POST.peer))

    assert.equal(again.arrived, first.arrived)
    assert.equal(other.arrived, first.arrived)
    assert.deepEqual(
      [first, again, other].map(({ framing }) => framing),
      [12, 12, 99].map((length) => ({ kind: 'length', length })),
    )
  })

  for (const [what, change] of [
    ['with a query', { url: '/gh/authorize?state=1' }],
    ['with a cookie', { rawHeaders: [...POST.rawHeaders, 'Cookie', 'a=b'] }],
  ] as const) {
    it(`keeps no head ${what}, which comes once`, () => {
      const read = createHeadReader()
      const text = textOf({ ...POST, ...change })

      assert.notEqual(passed(read(text, POST.peer)).arrived, passed(read(text, POST.peer)).arrived)
    })
  }

  for (const [what, change] of [
    ['method', { method: 'GET' }],
    ['target', { url: '/gh/mcp?a=2' }],
    ['peer', { peer: '10.0.0.1' }],
    ['value of a header', { rawHeaders: POST.rawHeaders.with(1, 'localhost:4001') }],
    ['name of a header', { rawHeaders: POST.rawHeaders.with(4, 'X-Length') }],
    ['number of headers', { rawHeaders: [...POST.rawHeaders, 'Accept', '*/*'] }],
  ] as const) {
    it(`does not take a head for one with another ${what}`, () => {
      const read = createHeadReader()
      const other = { ...POST, ...change }

      const first = passed(read(textOf(POST), POST.peer))

      assert.notEqual(passed(read(textOf(other), other.peer)).arrived, first.arrived)
    })
  }

  for (const [what, text, status] of [
    ['no request', 'hello', 400],
    ['another version', 'GET / HTTP/2.0\r\nHost: a', 505],
    ['an expectation that nobody can meet', 'POST / HTTP/1.1\r\nHost: a\r\nExpect: x', 417],
    ['a path with a trick in it', 'GET /a//b HTTP/1.1\r\nHost: a', 404],
  ] as const) {
    it(`refuses ${what} with ${status}`, () => {
      const read = createHeadReader()(text, '127.0.0.1')

      assert.equal(read.kind === 'refused' ? read.status : undefined, status)
    })
  }
})

function passed(read: ReturnType<ReturnType<typeof createHeadReader>>) {
  assert.ok(read.kind === 'passed')
  return read
}

/** All that is read, but for what the head says of the length, since that is each body's own. */
function plain(read: ReturnType<ReturnType<typeof createHeadReader>>) {
  if (read.kind === 'refused') return read
  const { arrived, ...rest } = read
  const { head, connection } = arrived
  const headers = [...head.headers].filter(([name]) => name !== 'content-length')
  return { ...rest, connection, method: head.method, url: head.url, headers }
}
