import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ForwardedAddress,
  type ForwardedHeader,
  MALFORMED,
  parseForwardedHeaders,
} from '../../src/request/forwarded.ts'
import { createTrustedPeers } from '../../src/request/trusted-peers.ts'
import {
  FLOODS,
  HOSTILE_HOSTS,
  HOSTILE_PORTS,
  HOSTILE_PREFIXES,
  HOSTILE_SCHEMES,
} from '../corpus/forwarded.ts'
import { assertQuick } from '../support/quick.ts'

type Given = Readonly<Partial<Record<ForwardedHeader | 'x-forwarded-for', string>>>

const FAMILY: readonly ForwardedHeader[] = [
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
]
const isTrusted = createTrustedPeers(['10.0.0.0/8', '::1/128'])

/** What the headers say, absent where they say nothing. */
function read(given: Given | Headers, names = FAMILY): ForwardedAddress | typeof MALFORMED {
  const headers = given instanceof Headers ? given : new Headers(Object.entries(given))
  const address = parseForwardedHeaders(headers, names, isTrusted)
  if (address === MALFORMED) return MALFORMED
  return Object.fromEntries(Object.entries(address).filter(([, value]) => value !== undefined))
}

describe('a header of the X-Forwarded family', () => {
  for (const [given, address] of [
    [{}, {}],
    [{ 'x-forwarded-proto': 'HTTPS' }, { scheme: 'https' }],
    [{ 'x-forwarded-host': 'A.Example' }, { authority: { hostname: 'a.example' } }],
    [
      { 'x-forwarded-host': '[::1]:8080', 'x-forwarded-port': '9' },
      { authority: { hostname: '[::1]', port: 8080 }, port: 9 },
    ],
    [{ 'x-forwarded-host': '[2001:db8::1]' }, { authority: { hostname: '[2001:db8::1]' } }],
    [{ 'x-forwarded-port': '65535' }, { port: 65_535 }],
    [{ 'x-forwarded-prefix': '/' }, { prefix: '' }],
    [{ 'x-forwarded-prefix': '/llm/' }, { prefix: '/llm' }],
    [{ 'x-forwarded-prefix': '/a/b.c' }, { prefix: '/a/b.c' }],
  ] satisfies [Given, ForwardedAddress][]) {
    it(`says ${JSON.stringify(address)} by ${JSON.stringify(given)}`, () => {
      assert.deepEqual(read(given), address)
    })
  }

  for (const [name, values] of [
    ['x-forwarded-proto', HOSTILE_SCHEMES],
    ['x-forwarded-host', HOSTILE_HOSTS],
    ['x-forwarded-port', HOSTILE_PORTS],
    ['x-forwarded-prefix', HOSTILE_PREFIXES],
  ] as const) {
    // White space around a value and what is no header are fetch's business.
    const sendable = values.filter((value) => value === value.trim() && isHeaderValue(value))
    const good = {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'good.example',
      'x-forwarded-port': '1',
    }
    for (const value of sendable.filter((text) => !text.includes(','))) {
      it(`makes the set malformed as ${name}: ${JSON.stringify(value).slice(0, 40)}`, () => {
        assert.equal(read({ ...good, [name]: value }), MALFORMED)
      })
    }

    it(`is not read unless ${name} is named`, () => {
      const others = FAMILY.filter((other) => other !== name)
      for (const value of sendable) assert.deepEqual(read({ [name]: value }, others), {})
    })
  }

  it('is not read at all where none is named, nor beside Forwarded', () => {
    const given = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test' }

    assert.deepEqual(read(given, []), {})
    assert.deepEqual(read(given, ['forwarded']), {})
  })
})

describe('a list in the X-Forwarded family', () => {
  for (const [hosts, hops, hostname] of [
    ['a.test, b.test', undefined, 'b.test'],
    ['a.test, b.test', '192.0.2.1', 'b.test'],
    ['a.test, b.test', '192.0.2.1, 10.0.0.1', 'a.test'],
    ['a.test,b.test', '192.0.2.1,::1', 'a.test'],
    ['a.test, b.test, c.test', '192.0.2.1, 10.0.0.2, 10.0.0.1', 'a.test'],
    ['a.test, b.test, c.test', '10.0.0.2, 192.0.2.1, 10.0.0.1', 'b.test'],
    ['evil.test, b.test', '10.0.0.1, 192.0.2.1', 'b.test'],
    // The proxies further in do not append but keep what the first one wrote.
    ['a.test', '192.0.2.1, 10.0.0.2, 10.0.0.1', 'a.test'],
    ['a.test, b.test', '10.0.0.3, 10.0.0.2, 10.0.0.1', 'a.test'],
    ['a.test, b.test', '192.0.2.1, , 10.0.0.1', 'a.test'],
    ['a.test, b.test', '10.0.0.1, unknown', 'b.test'],
    ['a.test, b.test', '192.0.2.1, 010.0.0.1', 'b.test'],
    ['a.test, b.test', '192.0.2.1, 10.0.0.1:80', 'b.test'],
  ] as const) {
    it(`of ${hosts} means ${hostname} by way of ${hops ?? 'no other'}`, () => {
      const given = hops === undefined ? {} : { 'x-forwarded-for': hops }

      assert.deepEqual(read({ 'x-forwarded-host': hosts, ...given }), { authority: { hostname } })
    })
  }

  for (const [name, good, bad] of [
    ['x-forwarded-proto', 'https', 'javascript'],
    ['x-forwarded-host', 'a.test', 'a/b'],
    ['x-forwarded-port', '443', '0'],
    ['x-forwarded-prefix', '/a', '/..'],
  ] as const) {
    for (const list of [
      ',',
      ',,',
      `${good},`,
      `,${good}`,
      `${good},,${good}`,
      `${bad}, ${good}`,
      `${good}, ${bad}`,
      `${bad}, ${good}, ${good}`,
    ]) {
      it(`is malformed as ${name}: ${list}, whichever element was meant`, () => {
        for (const hops of ['192.0.2.1', '192.0.2.1, 10.0.0.1', '10.0.0.2, 10.0.0.1'])
          assert.equal(read({ [name]: list, 'x-forwarded-for': hops }), MALFORMED)
      })
    }
  }

  it('may come in several lines', () => {
    const headers = new Headers()
    for (const host of ['evil.test', 'b.test']) headers.append('X-Forwarded-Host', host)

    assert.deepEqual(read(headers), { authority: { hostname: 'b.test' } })
  })

  it('may be long, and takes no time', () => {
    const hosts = Array.from({ length: 200 }, (_, at) => `h${at}.test`).join(', ')
    const hops = Array.from({ length: 200 }, () => '10.0.0.1').join(', ')
    const given = { 'x-forwarded-host': hosts, 'x-forwarded-for': hops }

    assert.deepEqual(read(given), { authority: { hostname: 'h0.test' } })
    assertQuick(() => read(given))
  })

  it('is malformed beyond 4 KiB', () => {
    const given = { 'x-forwarded-host': `${'a.test,'.repeat(1_500)}a.test` }

    assert.equal(read(given), MALFORMED)
    assertQuick(() => read(given))
  })
})

describe('any forwarded headers', () => {
  for (const flood of FLOODS) {
    it(`are malformed in no time with 64 KiB of ${JSON.stringify(flood.slice(0, 12))}`, () => {
      for (const name of FAMILY) {
        assertQuick(() => assert.equal(read({ [name]: `a${flood}a` }), MALFORMED))
        assertQuick(() => read({ 'x-forwarded-host': 'a.test', 'x-forwarded-for': flood }))
      }
    })
  }
})

function isHeaderValue(value: string): boolean {
  try {
    new Headers([['x', value]])
    return true
  } catch {
    return false
  }
}
