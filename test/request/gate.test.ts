import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createGate, type Passage, type RawHead } from '../../src/request/gate.ts'
import { FLOODS, HOSTILE_HOSTS } from '../corpus/forwarded.ts'
import { assertQuick } from '../support/quick.ts'

const HOST = 'mcp.example.com:4000'

const passGate = createGate()

/** The gate's word on a head; by default a plain GET / of HOST. */
function pass({ headers = [['Host', HOST]], ...head }: Partial<Head> = {}): Passage {
  return passGate({
    scheme: 'http',
    method: 'GET',
    target: '/',
    headers: headers.flat(),
    ...head,
  })
}

type Head = Omit<RawHead, 'headers'> & { headers: readonly (readonly [string, string])[] }

/** The status of the refusal, or the target that passed. */
function outcome(head: Partial<Head>): number | string {
  const passage = pass(head)
  return passage.kind === 'refused' ? passage.status : passage.target
}

describe('the host at the gate', () => {
  for (const host of ['localhost', 'LOCALHOST:80', 'mcp.example.com:443', '[::1]:4000']) {
    it(`may be ${host}, in any case of the name`, () => {
      assert.deepEqual(pass({ headers: [['hOST', host]] }), { kind: 'passed', target: '/', host })
    })
  }

  for (const host of HOSTILE_HOSTS) {
    it(`may not be ${JSON.stringify(host).slice(0, 40)}, nor is that echoed`, () => {
      const passage = pass({ headers: [['Host', host]] })

      assert.equal(passage.kind === 'refused' && passage.status, 400)
      assert.deepEqual(passage, pass({ headers: [] }))
    })
  }

  it('is there exactly once', () => {
    assert.equal(outcome({ headers: [] }), 400)
    assert.equal(outcome({ headers: [['X-Forwarded-Host', HOST]] }), 400)
    for (const other of [HOST, 'evil.test', '']) {
      const lines = [
        ['Host', HOST],
        ['host', other],
      ] as const
      assert.equal(outcome({ headers: lines }), 400, other)
      assert.equal(outcome({ headers: lines.toReversed() }), 400, other)
    }
  })
})

describe('the target at the gate', () => {
  for (const [target, passed] of [
    ['/', '/'],
    ['/gh/mcp', '/gh/mcp'],
    ['/gh/mcp/', '/gh/mcp/'],
    ['/a.b/~c_-d', '/a.b/~c_-d'],
    [
      '/.well-known/oauth-protected-resource/gh/mcp',
      '/.well-known/oauth-protected-resource/gh/mcp',
    ],
    ['/...', '/...'],
    ['/gh/mcp?a=%2e%2e&b=/../&c=+&a=2', '/gh/mcp?a=%2e%2e&b=/../&c=+&a=2'],
    ['/?//', '/?//'],
    ['/?', '/?'],
    ['/gh/mcp?/healthz', '/gh/mcp?/healthz'],
    [`http://${HOST}/gh/mcp?x`, '/gh/mcp?x'],
    [`HTTP://MCP.Example.com:4000/gh`, '/gh'],
    [`http://${HOST}`, '/'],
    [`http://${HOST}?x=http://evil.test`, '/?x=http://evil.test'],
  ] as const) {
    it(`may be ${target}`, () => assert.equal(outcome({ target }), passed))
  }

  it('may leave out or spell out the default port of the same authority', () => {
    for (const [host, authority] of [
      ['a.example', 'a.example:80'],
      ['a.example:80', 'a.example'],
    ] as const) {
      assert.equal(outcome({ target: `http://${authority}/x`, headers: [['Host', host]] }), '/x')
    }
  })

  for (const target of [
    '',
    '*',
    '?x',
    'gh/mcp',
    HOST,
    `http:/${HOST}/`,
    `http:${HOST}`,
    `http:\\\\${HOST}/`,
    `https://${HOST}/`,
    'http:///healthz',
    'http://evil.test/healthz',
    'http://mcp.example.com/healthz',
    `http://${HOST}.evil.test/`,
    `http://${HOST}@evil.test/`,
    `http://user@${HOST}/`,
    `http://${HOST}\\@evil.test/`,
    `http://evil.test?@${HOST}/`,
    `ftp://${HOST}/`,
    `//${HOST}@`.slice(2),
    '/#x',
    '/gh/mcp?#/healthz',
    `http://${HOST}/#`,
    '/a b',
    '/a\tb',
    '/\0',
    '/\x7f',
    '/\xf6pen',
    '/?\u2028',
    '/gh\r\nX: 1',
  ]) {
    it(`is 400 for ${JSON.stringify(target)}`, () => assert.equal(outcome({ target }), 400))
  }

  for (const path of [
    '//',
    '//evil.test/healthz',
    '/gh//mcp',
    '/gh/mcp//',
    '/.',
    '/..',
    '/./gh',
    '/gh/.',
    '/gh/../healthz',
    '/gh/mcp/..',
    '/%67h/mcp',
    '/gh%2fmcp',
    '/gh%2Fmcp',
    '/gh/%2e%2e/healthz',
    '/gh/mcp%00',
    '/gh/mcp%23/healthz',
    '/gh/mcp%3f',
    '/gh/mcp%5c',
    '/gh/mcp%25',
    '/gh/mcp;x',
    '/gh\\mcp',
    '/\\evil.test',
    '/"',
    '/<script>',
    '/{a}',
    '/a|b',
    '/a^b',
    '/a`b',
    '/[a]',
  ]) {
    it(`is 404 for the path ${path}, in either form and with a query`, () => {
      assert.equal(outcome({ target: path }), 404)
      assert.equal(outcome({ target: `${path}?x=/healthz` }), 404)
      assert.equal(outcome({ target: `http://${HOST}${path}` }), 404)
    })
  }

  it('passes only as what a URL parser reads in it', () => {
    const target = fc.string({ unit: fc.constantFrom(...'/ah.%2e\\;?#:@*~ '), maxLength: 16 })
    fc.assert(
      fc.property(target, (tail) => {
        const passage = pass({ target: `/${tail}` })
        if (passage.kind === 'refused') return
        const url = new URL(passage.target, `http://${HOST}`)
        assert.equal(url.host, HOST)
        assert.equal(url.pathname + url.search, passage.target.replace(/^([^?]*)\?$/, '$1'))
        assert.equal(passage.target, `/${tail}`)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the rest of the head at the gate', () => {
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']) {
    it(`passes ${method}`, () => assert.equal(outcome({ method }), '/'))
  }

  for (const method of ['', 'get', 'CONNECT', 'TRACE', 'TRACK', 'PROPFIND', 'GET ', '__proto__']) {
    it(`is 405 for ${JSON.stringify(method)}`, () => assert.equal(outcome({ method }), 405))
  }

  for (const lines of [
    ['Content-Length: 1', 'Content-Length: 2'],
    ['Content-Length: 1', 'content-length: 1'],
    ['Content-Length: 1', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: identity'],
    ['Transfer-Encoding: identity, chunked'],
    ['Transfer-Encoding: xchunked'],
    ['Authorization: Bearer a', 'authorization: Bearer b'],
    ['Authorization: Bearer a', 'Authorization: Bearer a'],
  ]) {
    it(`is 400 for ${lines.join(' and ')}`, () => {
      const headers = lines.map((line): readonly [string, string] => {
        const [name = '', value = ''] = line.split(': ')
        return [name, value]
      })

      assert.equal(outcome({ headers: [['Host', HOST], ...headers] }), 400)
    })
  }
})

describe('any head at the gate', () => {
  for (const flood of FLOODS) {
    it(`takes no time with 64 KiB of ${JSON.stringify(flood.slice(0, 12))}`, () => {
      for (const head of [
        { target: flood },
        { target: `/${flood}` },
        { target: `http://${flood}` },
        { target: `http://${HOST}/${flood}` },
        { method: flood },
        { headers: [['Host', flood]] },
        {
          headers: [
            ['Host', HOST],
            [flood, flood],
          ],
        },
      ] satisfies Partial<Head>[]) {
        assertQuick(() => pass(head))
      }
    })
  }
})
