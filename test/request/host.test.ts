import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatOrigin, isLoopbackHostname, parseAuthority } from '../../src/request/host.ts'
import { FLOODS, HOSTILE_HOSTS } from '../corpus/forwarded.ts'
import { assertQuick } from '../support/quick.ts'

describe('parseAuthority', () => {
  for (const [text, hostname, port] of [
    ['localhost', 'localhost', undefined],
    ['localhost:4000', 'localhost', 4000],
    ['MCP.Example.COM', 'mcp.example.com', undefined],
    ['mcp.example.com:443', 'mcp.example.com', 443],
    ['a:1', 'a', 1],
    ['a:65535', 'a', 65_535],
    ['my_service.default.svc', 'my_service.default.svc', undefined],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', undefined],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::1]', '[::1]', undefined],
    ['[::1]:8080', '[::1]', 8080],
    ['[2001:DB8::1]', '[2001:db8::1]', undefined],
    // A last dot is another name, which no list of allowed hosts has.
    ['mcp.example.com.', 'mcp.example.com.', undefined],
  ] as const) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseAuthority(text), port === undefined ? { hostname } : { hostname, port })
    })
  }

  for (const text of HOSTILE_HOSTS) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => {
      assert.equal(parseAuthority(text), undefined)
    })
  }

  it('takes nothing that a URL parser would read as another authority', () => {
    const text = fc.string({ unit: fc.constantFrom(...'aA1.:[]0xf-_@/\\%'), maxLength: 20 })
    fc.assert(
      fc.property(text, (given) => {
        const authority = parseAuthority(given)
        if (authority === undefined) return
        const url = new URL(`http://${given}`)
        assert.equal(url.href, `${formatOrigin('http', authority)}/`)
        assert.equal(url.hostname, authority.hostname)
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes every host and port that a URL parser writes', () => {
    const hosts = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => new URL(`http://[${address}]`).hostname),
    )
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const { hostname } = new URL(`http://${host}`)
        assert.deepEqual(parseAuthority(hostname), { hostname })
        assert.deepEqual(parseAuthority(`${hostname}:${port}`), { hostname, port })
      }),
    )
  })

  for (const flood of FLOODS) {
    it(`refuses 64 KiB of ${JSON.stringify(flood.slice(0, 12))} in no time`, () => {
      assertQuick(() => assert.equal(parseAuthority(flood), undefined))
    })
  }
})

describe('formatOrigin', () => {
  for (const [scheme, port, origin] of [
    ['http', undefined, 'http://[::1]'],
    ['http', 80, 'http://[::1]'],
    ['http', 443, 'http://[::1]:443'],
    ['https', 443, 'https://[::1]'],
    ['https', 80, 'https://[::1]:80'],
    ['https', 8443, 'https://[::1]:8443'],
  ] as const) {
    it(`gives ${origin} for ${scheme} and port ${port}`, () => {
      const authority = port === undefined ? { hostname: '[::1]' } : { hostname: '[::1]', port }

      assert.equal(formatOrigin(scheme, authority), origin)
    })
  }
})

describe('isLoopbackHostname', () => {
  for (const hostname of ['localhost', '127.0.0.1', '127.255.0.9', '[::1]']) {
    it(`is so for ${hostname}`, () => assert.equal(isLoopbackHostname(hostname), true))
  }

  for (const hostname of [
    '',
    'localhost.',
    'localhost.evil.test',
    'evil.localhost',
    '127.0.0.1.evil.test',
    'a127.0.0.1',
    '128.0.0.1',
    '0.0.0.0',
    '[::]',
    '::1',
    '[::1%25lo]',
  ]) {
    it(`is not so for ${hostname || 'nothing'}`, () =>
      assert.equal(isLoopbackHostname(hostname), false))
  }
})
