import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { linesOf, SERVER } from '../support/config.ts'

const FROM_ENV = `public_url: \${S_FROM_ENV}`
const MAX_TIME = 5000 // milliseconds, for slow machines; each takes less than one second

const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join('\n')

const BOMBS: readonly (readonly [what: string, text: string, line: RegExp])[] = [
  [
    'aliases that multiply',
    lines(
      9,
      (at) =>
        `x${at}: &x${at} [${Array(10)
          .fill(at === 0 ? '1' : `*x${at - 1}`)
          .join(', ')}]`,
    ),
    /Too many values: want at most 20000, aliases counted$/,
  ],
  ['a cycle', 'a: &a { b: *a }', /^config\.yaml:1:12 a\.b: An alias goes round in circles/],
  [
    '33 levels',
    `a: ${'['.repeat(33)}${']'.repeat(33)}`,
    /Nested too deeply: want at most 32 levels$/,
  ],
  ['lists in lists', '['.repeat(500_000), /Nested too deeply: want at most 32 levels$/],
  ['maps in maps', '{a: '.repeat(200_000), /Nested too deeply: want at most 32 levels$/],
  ['lists in lines', '- '.repeat(400_000), /Nested too deeply: want at most 32 levels$/],
  ['very many keys', lines(60_000, (at) => `k${at}: 1`), /:\d+ The file has too many parts$/],
  [
    'many aliases',
    `- &a x\n${'- *a\n'.repeat(19_000)}`,
    /Too many values: want at most 20000, aliases counted$/,
  ],
  [
    'more than 1 MiB',
    'a'.repeat(1_048_577),
    /^config\.yaml:1:1 The file is too large: want at most 1 MiB$/,
  ],
  ['more than 1 MiB in bytes', 'ä'.repeat(600_000), /The file is too large/],
]

/** Texts that took seconds to minutes, or never ended. */
const SLOW: readonly (readonly [what: string, text: string])[] = [
  ['variables never closed', `public_url: "${'${A:-'.repeat(180_000)}"${SERVER}`],
  ['slashes', `public_url: "https://a${'/'.repeat(900_000)}b"${SERVER}`],
  ['a long pattern', `allowed_redirect_uris: ["http://${'a/'.repeat(400_000)}*"]${SERVER}`],
  ['a long host', `allowed_hosts: ["${'a.'.repeat(400_000)}"]${SERVER}`],
  ['a long network', `trusted_proxies: ["${'1:'.repeat(400_000)}"]${SERVER}`],
  ['unknown keys', `mcp_servers: { a: { ${lines(9000, (at) => `u${at}: 1,`)} } }`],
  ['long unknown keys', lines(900, (at) => `k${at}${'u'.repeat(1000)}: 1`)],
  ['broken lines', 'a: }\n'.repeat(150_000)],
  ['short ones', ']'.repeat(300_000)],
]

describe('loadConfig, of a hostile file', () => {
  for (const [what, text, line] of BOMBS) {
    it(`stops at ${what}, in one line`, () => {
      const started = performance.now()
      const found = linesOf(text)

      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', line)
      assert.ok(performance.now() - started < MAX_TIME)
    })
  }

  for (const [what, text] of SLOW) {
    it(`is quick about ${what}`, () => {
      const started = performance.now()

      assert.ok(linesOf(text).length > 0)
      assert.ok(performance.now() - started < MAX_TIME)
    })
  }

  for (const name of ['__proto__', 'constructor', 'prototype']) {
    for (const place of [
      'X: { polluted: 1 }',
      'mcp_servers: { X: { polluted: 1 } }',
      'log: { X: 1 }',
    ]) {
      it(`refuses ${place.replace('X', name)}`, () => {
        const found = linesOf(place.replace('X', name))

        assert.ok(found.some((line) => line.endsWith('Unusable name: choose another')))
        assert.equal(Reflect.get({}, 'polluted'), undefined)
      })
    }
  }

  it('never quotes a value', () => {
    const secret = fc.string({ minLength: 8, maxLength: 20, unit: fc.constantFrom(...'QXZJKVW') })
    // Each S is the secret; most places are where an unquoted password breaks something.
    const places = [
      'public_url: S',
      'public_url: https://u:S@h',
      'secret_keys: [S]',
      'secret_keys: S',
      'consent: S',
      'listen: S',
      'log: { level: S }',
      'trusted_proxies: [S/99]',
      'allowed_hosts: ["S/"]',
      'allowed_redirect_uris: [S]',
      'root: S',
      'S',
      '- S',
      'mcp_servers: S',
      'mcp_servers: [S]',
      'mcp_servers: { a: S }',
      'mcp_servers: { a: { url: S, auth_type: S, client_secret: [S] } }',
      'mcp_servers: { a: { url: http://x, auth_type: oauth2, static_headers: { A: "S\\n" } } }',
      'a: "S',
      'a: |S',
      'a: !S b',
      'a: !<S b',
      'a: *S',
      'a: @S',
      'a: %S',
      'a: `S',
      'a: &S',
      'a: "\\xS"',
      'a: "\\US"',
      'a: b: S',
      '%S',
      '%YAML S\n---\n',
      '%TAG S\n---\n',
      FROM_ENV,
    ]
    const check = (value: string, place: string) => {
      const text = place === FROM_ENV ? place : place.replaceAll('S', value)
      const found = linesOf(`${text}\n`, { S_FROM_ENV: value })
      assert.ok(found.length > 0, place)
      assert.ok(!found.join('\n').includes(value), place)
    }
    for (const place of places) check('QXZJKVWQXZ', place)
    fc.assert(fc.property(secret, fc.constantFrom(...places), check))
  })

  it('answers any text with a configuration or a ConfigError', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'binary' }), (text) => void linesOf(text)),
    )
  })

  it('answers any heap of YAML with a configuration or a ConfigError', () => {
    const pieces = [
      ...[
        '\n',
        '\n  ',
        ' ',
        ': ',
        '- ',
        '? ',
        '[',
        ']',
        '{',
        '}',
        ', ',
        '&a ',
        '*a',
        '!t ',
        '|',
        '>',
      ],
      ...['"', "'", '#', '---\n', '...\n', '%YAML 1.2\n', '<<: ', '~', '1', '1e999', 'off', '.nan'],
      ...['mcp_servers', 'listen', 'root', 'url', 'auth_type', 'model_list', 'secret_keys_file'],
      ...[
        '__proto__',
        `\${A}`,
        `\${A:-b}`,
        'os.environ/A',
        'oauth2',
        'builtin:demo',
        '\u0000',
        '\ud800',
      ],
    ]
    const heap = fc.array(fc.constantFrom(...pieces), { maxLength: 60 })

    fc.assert(
      fc.property(heap, (parts) => void linesOf(parts.join(''))),
      { numRuns: 2000 },
    )
  })
})
