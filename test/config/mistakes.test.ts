import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KEY, linesOf, SERVER } from '../support/config.ts'

const UNUSABLE: readonly (readonly [what: string, text: string, ...lines: string[]])[] = [
  [
    'bad YAML',
    'a: [1',
    'config.yaml:1:6 Bad YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['an empty file', '', 'config.yaml:1:1 mcp_servers: Missing key'],
  ['a text', 'hello', 'config.yaml:1:1 Unusable value: want keys and values, such as mcp_servers'],
  ['no server', 'mcp_servers: {}', 'config.yaml:1:1 mcp_servers: No server: add one'],
  [
    'a wrong type',
    `listen: { port: soon }${SERVER}`,
    'config.yaml:1:11 listen.port: Unusable value: want a port number from 0 to 65535',
  ],
  [
    'an unknown key',
    `pubic_url: https://x${SERVER}`,
    'config.yaml:1:1 pubic_url: Unknown key: did you mean public_url?',
  ],
  [
    'an unset variable',
    `public_url: \${NOPE}${SERVER}`,
    `config.yaml:1:1 public_url: The environment variable NOPE is not set: set it, or give a default as \${NOPE:-default}`,
  ],
  [
    'a duplicate name',
    'mcp_servers: { a: 1, a: 2 }',
    'config.yaml:1:22 Bad YAML: Map keys must be unique',
  ],
  [
    'a duplicate name, spelled as a number',
    'mcp_servers: { 1: 1, "1": 2 }',
    'config.yaml:1:22 Bad YAML: Map keys must be unique',
  ],
  [
    'a bad CIDR',
    `trusted_proxies: [10.0.0.0/33]${SERVER}`,
    'config.yaml:1:19 trusted_proxies.0: Unusable value: want a network such as 10.0.0.0/8, or loopback, link-local or private',
  ],
  [
    'an octal address',
    `trusted_proxies: [010.0.0.1]${SERVER}`,
    'config.yaml:1:19 trusted_proxies.0: Unusable value: want a network such as 10.0.0.0/8, or loopback, link-local or private',
  ],
  [
    'a bad URL',
    `public_url: ftp://x${SERVER}`,
    'config.yaml:1:1 public_url: Unusable value: want an http or https URL without user name, password or fragment',
  ],
  [
    'a URL with credentials',
    `public_url: https://a:b@x${SERVER}`,
    'config.yaml:1:1 public_url: Unusable value: want an http or https URL without user name, password or fragment',
  ],
  [
    'a short key',
    `secret_keys: [short]${SERVER}`,
    'config.yaml:1:15 secret_keys.0: Unusable value: want at least 32 bytes, make one with mcp-oauth-proxy keygen',
  ],
  [
    'a key twice',
    `secret_keys: [${KEY}, ${KEY}]${SERVER}`,
    'config.yaml:1:60 secret_keys.1: Duplicate key: want each once',
  ],
  [
    'mixed header families',
    `forwarded_headers: [forwarded, x-forwarded-host]${SERVER}`,
    'config.yaml:1:1 forwarded_headers: Unusable list: want forwarded alone, or x-forwarded-… headers, since clients can send the others',
  ],
  [
    'an unknown root',
    `root: nope${SERVER}`,
    'config.yaml:1:1 root: Unknown server: want auto, off or a name in mcp_servers',
  ],
  [
    'what comes in a later version',
    `store: redis://x${SERVER}`,
    'config.yaml:1:1 store: Unusable value: this version supports only memory',
  ],
  [
    'an unreadable secret',
    `${SERVER.trim()}\n    client_secret_file: absent\n`,
    'config.yaml:8:5 mcp_servers.gh.client_secret_file: Cannot read the file: want a file that this process may read',
  ],
  [
    'a server without sign-in that does not say open',
    'mcp_servers: { a: { url: http://x, auth_type: none } }',
    'config.yaml:1:36 mcp_servers.a.auth_type: Missing access: open, without which nobody may use a server without sign-in',
  ],
  [
    'a reserved name',
    'mcp_servers: { token: { url: http://x, auth_type: none, access: open } }',
    'config.yaml:1:16 mcp_servers.token: Reserved name: it is a path of the proxy, choose another',
  ],
  [
    '__proto__ as a name',
    'mcp_servers: { __proto__: { url: http://x, auth_type: none, access: open } }',
    'config.yaml:1:16 mcp_servers.__proto__: Unusable name: choose another',
  ],
  [
    'an alias that is a name',
    `${SERVER.trim()}\n  b: { url: http://x, auth_type: none, access: open, alias: gh }\n`,
    'config.yaml:8:54 mcp_servers.b.alias: Duplicate name: another server has it',
  ],
  [
    'an oauth2 server without its provider',
    'mcp_servers: { a: { url: http://x, auth_type: oauth2 } }',
    "config.yaml:1:16 mcp_servers.a: Missing authorization_url: the provider's authorization endpoint",
    "config.yaml:1:16 mcp_servers.a: Missing token_url: the provider's token endpoint",
    'config.yaml:1:16 mcp_servers.a: Missing client_id: the id of your app at the provider',
  ],
  [
    'a listener beyond loopback',
    `listen: { host: 0.0.0.0 }${SERVER}`,
    'config.yaml:1:1 listen: Missing public_url or allowed_hosts: beyond loopback the public host must be named',
    'config.yaml:1:1 listen: Missing secret_keys: beyond loopback they must be configured, make one with mcp-oauth-proxy keygen',
  ],
]

describe('loadConfig, of a bad file', () => {
  for (const [what, text, ...lines] of UNUSABLE) {
    it(`names ${what}`, () => assert.deepEqual(linesOf(text), lines))
  }

  it('names all mistakes at once, in their order', () => {
    const lines = linesOf(
      `consent: maybe\nlog: { level: loud }\npublic_url: x${SERVER}    scopess: []\n`,
    )

    assert.deepEqual(
      lines.map((line) => line.split(' ')[1]),
      ['consent:', 'log.level:', 'public_url:', 'mcp_servers.gh.scopess:'],
    )
  })

  it('stops at aliases that multiply and at cycles', () => {
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array(10).fill(`*${of}`).join(', ')}]`
    const bomb = [
      'x0: &x0 [1]',
      ...Array.from({ length: 8 }, (_, at) => level(`x${at + 1}`, `x${at}`)),
    ]

    assert.match(linesOf(bomb.join('\n')).join('\n'), /nested too deeply, or its aliases/)
    assert.match(linesOf('a: &a { b: *a }').join('\n'), /aliases go round in circles/)
    assert.match(linesOf(`a: ${'['.repeat(5000)}`).join('\n'), /config\.yaml:1:/)
  })

  it('never quotes a value', () => {
    const secret = fc.string({ minLength: 8, maxLength: 20, unit: fc.constantFrom(...'QXZJKVW') })
    const places = [
      'public_url: X',
      'secret_keys: [X]',
      'consent: X',
      'listen: X',
      'X',
      'a: "X',
      'log: { level: X }',
    ]
    fc.assert(
      fc.property(secret, fc.constantFrom(...places), (value, place) => {
        assert.ok(
          !linesOf(place.replace('X', value) + SERVER)
            .join('\n')
            .includes(value),
        )
      }),
    )
  })

  it('answers any text with a configuration or a ConfigError', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'binary' }), (text) => {
        linesOf(text)
      }),
    )
  })
})
