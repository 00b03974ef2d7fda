import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MALFORMED, parseForwardedHeaders } from '../../src/request/forwarded.ts'
import { parseForwardedElements } from '../../src/request/forwarded-elements.ts'
import { createTrustedPeers } from '../../src/request/trusted-peers.ts'
import { FLOODS, HOSTILE_FORWARDED } from '../corpus/forwarded.ts'
import { assertQuick } from '../support/quick.ts'

type Pairs = readonly (readonly [name: string, value: string])[]

/** The elements as lists of pairs. */
function parse(header: string): Pairs[] | undefined {
  return parseForwardedElements(header)?.map((element) => [...element])
}

/** What Forwarded says of the public address, from a peer that is trusted. */
function read(forwarded: string) {
  const isTrusted = createTrustedPeers(['10.0.0.0/8', '::1/128'])
  const address = parseForwardedHeaders(new Headers({ forwarded }), ['forwarded'], isTrusted)
  if (address === MALFORMED) return MALFORMED
  return Object.fromEntries(Object.entries(address).filter(([, value]) => value !== undefined))
}

describe('parseForwardedElements', () => {
  // RFC 7239 §4, §6.3, §7.1 and §7.5
  for (const [header, ...elements] of [
    ['for="_gazonk"', [['for', '_gazonk']]],
    ['For="[2001:db8:cafe::17]:4711"', [['for', '[2001:db8:cafe::17]:4711']]],
    [
      'for=192.0.2.60;proto=http;by=203.0.113.43',
      [
        ['for', '192.0.2.60'],
        ['proto', 'http'],
        ['by', '203.0.113.43'],
      ],
    ],
    ['for=192.0.2.43, for=198.51.100.17', [['for', '192.0.2.43']], [['for', '198.51.100.17']]],
    ['for=_hidden, for=_SEVKISEK', [['for', '_hidden']], [['for', '_SEVKISEK']]],
    [
      'for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown',
      [['for', '192.0.2.43']],
      [['for', '[2001:db8:cafe::17]']],
      [['for', 'unknown']],
    ],
    [
      'for=192.0.2.43, for=198.51.100.17;by=203.0.113.60;proto=http;host=example.com',
      [['for', '192.0.2.43']],
      [
        ['for', '198.51.100.17'],
        ['by', '203.0.113.60'],
        ['proto', 'http'],
        ['host', 'example.com'],
      ],
    ],
    ['for="a, b;c=\\"d\\\\"', [['for', 'a, b;c="d\\']]],
    [
      'secret=egah2CGj55fSJFs, for=10.1.2.3',
      [['secret', 'egah2CGj55fSJFs']],
      [['for', '10.1.2.3']],
    ],
  ] satisfies [string, ...Pairs[]][]) {
    it(`reads ${header}`, () => assert.deepEqual(parse(header), elements))
  }

  it('reads whatever is written by the grammar', () => {
    const name = fc.string({ unit: fc.constantFrom(..."abYZ09!#$%&'*+.^_`|~-"), minLength: 1 })
    const text = fc.string({ unit: fc.constantFrom(...'ab09.-[]:,;="\\ \t/\u00e4') })
    const element = fc.uniqueArray(fc.tuple(name, fc.oneof(text, name)), {
      minLength: 1,
      selector: ([key]) => key.toLowerCase(),
    })
    const separator = fc.constantFrom(',', ', ', ' ,\t')
    fc.assert(
      fc.property(fc.array(element, { minLength: 1 }), separator, (elements, comma) => {
        const header = elements.map((pairs) => pairs.map(write).join(';')).join(comma)
        const expected = elements.map((pairs) =>
          pairs.map(([key, value]) => [key.toLowerCase(), value]),
        )
        assert.deepEqual(parse(header), expected)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=;," \\[]:') }), (header) => {
        const elements = parseForwardedElements(header)
        assert.ok(elements === undefined || elements.every(({ size }) => size > 0))
      }),
    )
  })

  for (const flood of FLOODS) {
    it(`takes no time with 64 KiB of ${JSON.stringify(flood.slice(0, 12))}`, () => {
      for (const header of [flood, `for=${flood}`, `for="${flood}`, `for="${flood}"`, `x${flood};`])
        assertQuick(() => parseForwardedElements(header))
    })
  }
})

describe('Forwarded', () => {
  for (const [header, authority, scheme] of [
    ['for=192.0.2.1;host=a.test;proto=https', { hostname: 'a.test' }, 'https'],
    [
      'for="[2001:db8::1]:1";Host="a.test:8443";PROTO=HTTPS',
      { hostname: 'a.test', port: 8443 },
      'https',
    ],
    ['host="[2001:db8::1]:80"', { hostname: '[2001:db8::1]', port: 80 }, undefined],
    ['for=192.0.2.1;host=evil.test, for=_x;host=a.test', { hostname: 'a.test' }, undefined],
    ['for=192.0.2.1;host=a.test, for=10.0.0.1;host=b', { hostname: 'a.test' }, undefined],
    ['for=192.0.2.1;host=a.test, for="10.0.0.1:80";host=b', { hostname: 'a.test' }, undefined],
    ['for=192.0.2.1;host=a.test, for="10.0.0.1:_gw";host=b', { hostname: 'a.test' }, undefined],
    ['for=192.0.2.1;host=a.test, for="[::1]:_gw.1";host=b', { hostname: 'a.test' }, undefined],
    ['for=192.0.2.1;host=evil.test, for="10.0.0.1:_";host=b', { hostname: 'b' }, undefined],
    ['for=192.0.2.1;host=evil.test, host=b', { hostname: 'b' }, undefined],
    ['for=10.0.0.2;host=a.test, for=10.0.0.1;host=b', { hostname: 'a.test' }, undefined],
    ['for=10.0.0.1;host=evil.test, for=192.0.2.1;host=b', { hostname: 'b' }, undefined],
  ] as const) {
    it(`means ${authority.hostname} by ${header}`, () => {
      assert.deepEqual(read(header), scheme === undefined ? { authority } : { authority, scheme })
    })
  }

  it('says nothing of the address where the outermost trusted proxy said nothing', () => {
    assert.deepEqual(read('for=192.0.2.1;host=evil.test, for=192.0.2.2'), {})
  })

  const sendable = HOSTILE_FORWARDED.filter((header) => header.trim() === header)
  for (const header of sendable) {
    it(`is malformed as ${JSON.stringify(header)}, alone and on either side of a good one`, () => {
      const good = 'for=192.0.2.1;host=good.test'

      for (const value of [header, `${header}, ${good}`, `${good}, ${header}`])
        assert.equal(read(value), MALFORMED, value)
    })
  }
})

/** A pair as a proxy writes it: a token as it is, anything else quoted. */
function write([name, value]: readonly [string, string]): string {
  const isToken = /^[\w!#$%&'*+.^`|~-]+$/.test(value)
  return `${name}=${isToken ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`
}
