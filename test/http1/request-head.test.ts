import assert from 'node:assert/strict'
import { METHODS } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseRequestHead } from '../../src/http1/request-head.ts'
import { createGate } from '../../src/request/gate.ts'
import { assertQuick } from '../support/quick.ts'
import { IN_HEADS, mutated } from './mutations.ts'
import { isMisreadByNode, readRequestsByNode } from './node-reader.ts'

/** The parsed head of these rows, which has to be one. */
function parsed(...rows: readonly string[]) {
  const head = parseRequestHead(rows.join('\r\n'))
  return head.kind === 'request' ? head : assert.fail(`Refused with ${head.status}`)
}

describe('parseRequestHead', () => {
  it('gives method, target and lines as they came', () => {
    const { method, target, lines } = parsed(
      'PrOpFind /a//b/../%2e?q=[1]|"\\#f HTTP/1.1',
      'HOST:a',
      'x-A: \t b \t c\t ',
      'X-a:',
      'Caf: caf\xe9',
    )

    assert.equal(method, 'PrOpFind')
    assert.equal(target, '/a//b/../%2e?q=[1]|"\\#f')
    assert.deepEqual(lines, ['HOST', 'a', 'x-A', 'b \t c', 'X-a', '', 'Caf', 'caf\xe9'])
  })

  for (const row of [
    '',
    'GET',
    'GET /',
    'GET /\tHTTP/1.1',
    'GET  / HTTP/1.1',
    'GET /  HTTP/1.1',
    ' GET / HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET / HTTP/1.1\r',
    'GET / HTTP/1.1\nX: y',
    '\rGET / HTTP/1.1',
    '\nGET / HTTP/1.1',
    'GET /a b HTTP/1.1',
    'GET /\x00 HTTP/1.1',
    'GET /\x7f HTTP/1.1',
    'GET /caf\xe9 HTTP/1.1',
    'GET /\x0b HTTP/1.1',
    'GE(T / HTTP/1.1',
    'GET: / HTTP/1.1',
    'G\xcbT / HTTP/1.1',
    ' / HTTP/1.1',
    'GET / http/1.1',
    'GET / HTTP/1',
    'GET / HTTP/1.10',
    'GET / HTTP/01.1',
    'GET / HTTP/1,1',
    'GET / HTTP/ 1.1',
    'GET / HTTP/+1.1',
    'GET / HTTP/1.\xb9',
    'GET / HTTPS/1.1',
    'GET / RTSP/1.0',
    'HTTP/1.1 200 OK',
    'PRI * HTTP/2.0 ',
  ]) {
    it(`refuses ${JSON.stringify(row)} with 400`, () => {
      assert.deepEqual(parseRequestHead(`${row}\r\nHost: a`), { kind: 'malformed', status: 400 })
    })
  }

  for (const version of ['0.9', '1.2', '1.9', '2.0', '3.0']) {
    it(`refuses HTTP/${version} with 505`, () => {
      assert.deepEqual(parseRequestHead(`GET / HTTP/${version}\r\nHost: a`), {
        kind: 'malformed',
        status: 505,
      })
    })
  }

  it('refuses a bad line with 400', () => {
    assert.deepEqual(parseRequestHead('GET / HTTP/1.1\r\nHost : a'), {
      kind: 'malformed',
      status: 400,
    })
  })

  it('refuses a framing that is not plain with 400', () => {
    assert.deepEqual(parseRequestHead('POST / HTTP/1.1\r\nContent-Length: +5'), {
      kind: 'malformed',
      status: 400,
    })
  })

  for (const [version, lines, expected] of [
    ['1.1', [], { isOld: false, isLast: false }],
    ['1.1', ['Connection: keep-alive'], { isOld: false, isLast: false }],
    ['1.1', ['Connection: closed'], { isOld: false, isLast: false }],
    ['1.1', ['X-Connection: close'], { isOld: false, isLast: false }],
    ['1.1', ['Connection: close'], { isOld: false, isLast: true }],
    ['1.1', ['connection:CLOSE'], { isOld: false, isLast: true }],
    ['1.1', ['Connection: keep-alive,\tclose '], { isOld: false, isLast: true }],
    ['1.1', ['Connection: keep-alive', 'Connection: x, close, y'], { isOld: false, isLast: true }],
    ['1.0', [], { isOld: true, isLast: true }],
    ['1.0', ['Connection: keep-alive'], { isOld: true, isLast: true }],
  ] as const) {
    it(`says ${JSON.stringify(expected)} of HTTP/${version} with ${JSON.stringify(lines)}`, () => {
      const { isOld, isLast } = parsed(`GET / HTTP/${version}`, ...lines)

      assert.deepEqual({ isOld, isLast }, expected)
    })
  }

  for (const [version, line, expected] of [
    ['1.1', 'X: 100-continue', false],
    ['1.1', 'Expect: 100-continue', true],
    ['1.1', 'expect:100-CONTINUE', true],
    ['1.0', 'Expect: 100-continue', false],
    ['1.0', 'Expect: the-unexpected', false],
  ] as const) {
    it(`is ${expected ? 'asked' : 'not asked'} to continue by HTTP/${version} with ${line}`, () => {
      assert.equal(parsed(`POST / HTTP/${version}`, line).isExpecting, expected)
    })
  }

  for (const line of [
    'Expect:',
    'Expect: 100',
    'Expect: 100-continued',
    'Expect: \xa0100-continue',
  ]) {
    it(`refuses ${JSON.stringify(line)} with 417`, () => {
      assert.deepEqual(parseRequestHead(`POST / HTTP/1.1\r\n${line}`), {
        kind: 'malformed',
        status: 417,
      })
    })
  }
})

describe('parseRequestHead, of 64 KiB', () => {
  for (const piece of [
    ' ',
    '\t',
    ':',
    ';',
    ',',
    '0',
    'a',
    ' \t',
    '\r',
    '\n',
    '\r\n',
    'a:\r\n',
    '\xa0',
  ]) {
    const many = piece.repeat((64 * 1024) / piece.length)
    for (const head of [
      many,
      `GET ${many}`,
      `GET /${many} HTTP/1.1`,
      `GET / HTTP/1.1\r\n${many}`,
      `GET / HTTP/1.1\r\nA: ${many}`,
      `GET / HTTP/1.1\r\nA: b${many}c`,
      `GET / HTTP/1.1\r\nContent-Length: ${many}`,
      `GET / HTTP/1.1\r\nTransfer-Encoding: chunked${many}x`,
      `GET / HTTP/1.1\r\nConnection: x${many}x`,
      `GET / HTTP/1.1\r\nExpect: x${many}x`,
    ]) {
      const what = JSON.stringify(head.replace(many, '…'))
      it(`is quick where ${what} has many ${JSON.stringify(piece)}`, () => {
        assertQuick(() => parseRequestHead(head))
      })
    }
  }
})

const GOOD = [
  'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'GET /gh/mcp?a=1&b=[%20] HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nX-A:\r\n\r\n',
  'GET http://a.example/mcp HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-A: caf\xe9 \t"b"\r\n\r\n',
  'POST /mcp HTTP/1.0\r\nHost: a\r\nContent-Length: 12\r\nConnection: x, keep-alive\r\n\r\n',
  'POST /mcp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n',
  'POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
  'DELETE /mcp HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
]
const MOST = 100 // bytes of a body that are really sent
const RUNS = 4_000
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'

type Head = ReturnType<typeof parsed>

/** A body of this framing: what is sent, and what it says. */
function bodyOf(framing: Head['framing']): readonly [sent: string, said: string] {
  if (framing.kind === 'chunked') return ['3\r\nG\r\n\r\n1;a=b\r\n \r\n0\r\nA: b\r\n\r\n', 'G\r\n ']
  const body = 'GET / HTTP/1.1\r\n\r\n'.repeat(10).slice(0, Math.min(framing.length, MOST))
  return [body, body]
}

/** Whether Node leaves out nothing but what is none of a reader's business, and refused later here. */
function isRefusedLater({ method, target }: Head): boolean {
  // Node knows a list of methods, of which CONNECT ends HTTP; RFC 9110 §9.1 lets there be others.
  if (!METHODS.includes(method) || method === 'CONNECT') return true
  const passage = createGate()({ scheme: 'http', method: 'GET', target, headers: ['Host', 'a'] })
  return passage.kind === 'refused'
}

/** Checks that Node reads this head, which was accepted, as it was read; false where that says nothing. */
async function assertAgreed(text: string, head: Head): Promise<boolean> {
  const { method, target, lines, framing, isOld } = head
  const [sent, body] = bodyOf(framing)
  const message = `${text}\r\n\r\n${sent}`
  const parts = [message.slice(0, -1), message.slice(-1), NEXT]
  const [cut, whole, next] = await readRequestsByNode(...parts)
  if (whole?.refusal === 'HPE_INVALID_METHOD' || whole?.refusal === 'HPE_INVALID_URL') {
    assert.ok(isRefusedLater(head), whole.refusal)
    return false
  }
  if (method === 'CONNECT' || isMisreadByNode(text, whole?.refusal)) return false

  const isComplete = framing.kind === 'chunked' || framing.length <= MOST
  const start = `${method} ${target} ${isOld ? '1.0' : '1.1'}`
  assert.deepEqual(whole, { messages: [{ start, lines, body, isComplete }], refusal: undefined })
  assert.notEqual(cut?.messages[0]?.isComplete, true)
  if (isComplete && !isEnding(text, head)) assert.equal(next?.messages[1]?.start, 'GET /next 1.1')
  return true
}

/** Node takes Proxy-Connection for Connection, which no RFC says. */
function isEnding(text: string, { isLast }: Head): boolean {
  return isLast || /^proxy-connection:/im.test(text)
}

describe('what parseRequestHead accepts', () => {
  it('is accepted by Node, with the same parts and the same end', async () => {
    let agreed = 0
    await fc.assert(
      fc.asyncProperty(mutated(fc.constantFrom(...GOOD), IN_HEADS), async (wire) => {
        const text = wire.slice(0, Math.max(wire.indexOf('\r\n\r\n'), 0))
        const head = parseRequestHead(text)
        if (head.kind === 'request' && (await assertAgreed(text, head))) agreed += 1
      }),
      { numRuns: RUNS },
    )
    assert.ok(agreed > RUNS / 10)
  })
})
