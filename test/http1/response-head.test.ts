import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Framing } from '../../src/http1/framing.ts'
import { parseResponseHead, type ResponseMessage } from '../../src/http1/response-head.ts'
import { assertQuick } from '../support/quick.ts'
import { IN_HEADS, mutated } from './mutations.ts'
import { END, isMisreadByNode, readResponsesByNode } from './node-reader.ts'

/** The parsed head of these rows, which has to be one. */
function parsed(...rows: readonly string[]) {
  return parseResponseHead(rows.join('\r\n')) ?? assert.fail('Refused')
}

describe('parseResponseHead', () => {
  for (const [row, status] of [
    ['HTTP/1.1 200 OK', 200],
    ['HTTP/1.0 200 OK', 200],
    ['HTTP/1.1 200 ', 200],
    ['HTTP/1.1 200', 200],
    ['HTTP/1.1 999 \t ~ caf\xe9', 999],
    ['HTTP/1.1 100 Continue', 100],
  ] as const) {
    it(`reads the status ${status} of ${JSON.stringify(row)}`, () => {
      assert.equal(parsed(row).status, status)
    })
  }

  for (const row of [
    '',
    'HTTP/1.1',
    'HTTP/1.1 ',
    'HTTP/1.1 20',
    'HTTP/1.1 2000',
    'HTTP/1.1 099 X',
    'HTTP/1.1 000 X',
    'HTTP/1.1 +20 X',
    'HTTP/1.1 2\xb20 X',
    'HTTP/1.1 200\tOK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200 OK',
    'HTTP/1.1 200 O\x00K',
    'HTTP/1.1 200 O\x0bK',
    'HTTP/1.1 200 O\x7fK',
    'HTTP/1.1 200 OK\r',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 200\nX: y',
    ' HTTP/1.1 200 OK',
    '\nHTTP/1.1 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/1.11 200 OK',
    'HTTP/01.1 200 OK',
    'HTTP/1 200 OK',
    'ICY 200 OK',
    'GET / HTTP/1.1',
  ]) {
    it(`refuses ${JSON.stringify(row)}`, () => {
      assert.equal(parseResponseHead(`${row}\r\nServer: a`), undefined)
    })
  }

  it('gives the lines as they came', () => {
    assert.deepEqual(parsed('HTTP/1.1 200 OK', 'X-a:\t b  c ', 'x-A: caf\xe9').lines, [
      ...['X-a', 'b  c'],
      ...['x-A', 'caf\xe9'],
    ])
  })

  for (const line of [
    'Server : a',
    'A: b\r\n c',
    'Content-Length: 0x5',
    'Transfer-Encoding: gzip',
  ]) {
    it(`refuses the line ${JSON.stringify(line)}`, () => {
      assert.equal(parseResponseHead(`HTTP/1.1 200 OK\r\n${line}`), undefined)
    })
  }

  for (const line of ['Content-Length: 5', 'Transfer-Encoding: chunked', 'X: y']) {
    it(`knows no body of an interim answer with ${line}`, () => {
      assert.deepEqual(parsed('HTTP/1.1 103 Early Hints', line).framing, {
        kind: 'length',
        length: 0,
      })
    })
  }

  for (const [version, lines, isLast] of [
    ['1.1', ['Content-Length: 0'], false],
    ['1.1', ['Content-Length: 0', 'Connection: keep-alive'], false],
    ['1.1', ['Content-Length: 0', 'Connection: Keep-Alive, Close'], true],
    ['1.1', ['Content-Length: 0', 'Connection: x', 'connection: close'], true],
    ['1.1', ['Transfer-Encoding: chunked'], false],
    ['1.1', [], true],
    ['1.1', ['Connection: keep-alive'], true],
    ['1.0', ['Content-Length: 0', 'Connection: keep-alive'], true],
  ] as const) {
    it(`takes HTTP/${version} with ${JSON.stringify(lines)} for ${isLast ? '' : 'not '}the last`, () => {
      assert.equal(parsed(`HTTP/${version} 200 OK`, ...lines).isLast, isLast)
    })
  }

  for (const [value, seconds] of [
    ['timeout=5', 5],
    ['max=100, Timeout=15', 15],
    ['timeout=0', 0],
    ['timeout=5;max=3', 5],
    ['timeout', undefined],
    ['timeout=', undefined],
    ['timeout=-5', undefined],
    ['timeout=soon', undefined],
    ['timeout=5s', undefined],
    ['timeout=99999999999999999999', undefined],
    ['max=5', undefined],
  ] as const) {
    it(`is kept for ${seconds} s by Keep-Alive: ${value}`, () => {
      assert.equal(parsed('HTTP/1.1 200 OK', `Keep-Alive: ${value}`).keptFor, seconds)
    })
  }
})

describe('parseResponseHead, of 64 KiB', () => {
  for (const piece of [' ', '\t', ':', ';', '0', 'a', '\r', '\n', 'a:\r\n', 'timeout=', '\xa0']) {
    const many = piece.repeat((64 * 1024) / piece.length)
    for (const head of [
      many,
      `HTTP/1.1 ${many}`,
      `HTTP/1.1 200 ${many}`,
      `HTTP/1.1 200 ${many}\x00`,
      `HTTP/1.1 200 OK\r\n${many}`,
      `HTTP/1.1 200 OK\r\nA: b${many}c`,
      `HTTP/1.1 200 OK\r\nContent-Length: ${many}`,
      `HTTP/1.1 200 OK\r\nKeep-Alive: ${many}`,
    ]) {
      const what = JSON.stringify(head.replace(many, '…'))
      it(`is quick where ${what} has many ${JSON.stringify(piece)}`, () => {
        assertQuick(() => parseResponseHead(head))
      })
    }
  }
})

const GOOD = [
  'HTTP/1.1 200 OK\r\n\r\n',
  'HTTP/1.0 200 OK\r\nServer: a\r\nX-A:\r\n\r\n',
  'HTTP/1.1 200\r\nContent-Length: 3\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
  'HTTP/1.1 401 caf\xe9 \t!\r\nContent-Length: 12\r\nWWW-Authenticate: Bearer a="b, c"\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n',
  'HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\nETag: "a"\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 426 X\r\nContent-Length: 3\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
]
const MOST = 100 // bytes of a body that are really sent
const RUNS = 4_000
const NEXT = 'HTTP/1.1 299 Next\r\nContent-Length: 0\r\n\r\n'

/** A body of this framing: what is sent, and what it says. */
function bodyOf(framing: Framing): readonly [sent: string, said: string] {
  if (framing.kind === 'chunked') return ['3\r\nG\r\n\r\n1;a=b\r\n \r\n0\r\nA: b\r\n\r\n', 'G\r\n ']
  const length = framing.kind === 'close' ? MOST : framing.length
  const body = 'HTTP/1.1 200 OK\r\n\r\n'.repeat(10).slice(0, Math.min(length, MOST))
  return [body, body]
}

/** Checks that Node reads this head, which was accepted, as it was read; false where that says nothing. */
async function assertAgreed(text: string, head: ResponseMessage): Promise<boolean> {
  const { status, lines, framing } = head
  // Who takes answers refuses 101, by which Node goes over to another protocol.
  if (status === 101) return false
  const [sent, body] = bodyOf(framing)
  const message = `${text}\r\n\r\n${sent}`
  const parts = [message.slice(0, -1), message.slice(-1), status < 200 ? NEXT : END]
  const [cut, whole, after] = await readResponsesByNode(...parts)
  if (isMisreadByNode(text, whole?.refusal)) return false

  const isComplete =
    framing.kind === 'chunked' || (framing.kind === 'length' && framing.length <= MOST)
  const start = `${text.slice('HTTP/'.length, 'HTTP/1.1'.length)} ${status}`
  assert.deepEqual(whole, { messages: [{ start, lines, body, isComplete }], refusal: undefined })
  assert.notEqual(cut?.messages[0]?.isComplete, true)
  if (framing.kind === 'close') assert.equal(after?.messages[0]?.isComplete, true)
  if (isFollowed(text, head)) assert.equal(after?.messages[1]?.start, '1.1 299')
  return true
}

/** Node takes an interim answer for the last one, too, where it says so; Proxy-Connection says it only to Node. */
function isFollowed(text: string, { status, isLast }: ResponseMessage): boolean {
  return status < 200 && !isLast && !/^proxy-connection:/im.test(text)
}

describe('what parseResponseHead accepts', () => {
  it('is accepted by Node, with the same parts and the same end', async () => {
    let agreed = 0
    await fc.assert(
      fc.asyncProperty(mutated(fc.constantFrom(...GOOD), IN_HEADS), async (wire) => {
        const text = wire.slice(0, Math.max(wire.indexOf('\r\n\r\n'), 0))
        const head = parseResponseHead(text)
        if (head !== undefined && (await assertAgreed(text, head))) agreed += 1
      }),
      { numRuns: RUNS },
    )
    assert.ok(agreed > RUNS / 10)
  })
})
