import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KEY, linesOf, SERVER } from '../support/config.ts'

const SERVERLESS = 'config.yaml:1:1 mcp_servers: No server: add one'
const NETWORK = 'want a network such as 10.0.0.0/8, or loopback, link-local or private'

const UNUSABLE: readonly (readonly [what: string, text: string, ...lines: string[]])[] = [
  [
    'bad YAML',
    'a: [1',
    'config.yaml:1:6 Bad YAML: the indentation does not fit, want it as deep as the lines beside it',
  ],
  ['an empty file', '', 'config.yaml:1:1 mcp_servers: No server: add one'],
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
    'config.yaml:1:22 mcp_servers.a: Duplicate key: want each once',
  ],
  [
    'a duplicate name, spelled as a number',
    'mcp_servers: { 1: 1, "1": 2 }',
    'config.yaml:1:22 mcp_servers.1: Duplicate key: want each once',
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
    'config.yaml:1:1 store: Unusable value: this proxy supports only memory',
  ],
  [
    'an unreadable secret',
    `${SERVER.trim()}\n    client_secret_file: absent\n`,
    'config.yaml:8:5 mcp_servers.gh.client_secret_file: Cannot read the file: want a file that this process may read',
  ],
  [
    'a server without sign-in that does not say open',
    'mcp_servers: { a: { url: http://x, auth_type: none } }',
    'config.yaml:1:36 mcp_servers.a.auth_type: Missing access: open, keys or { sign_in: NAME }, without which nobody may use this server',
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
    'a server that says neither what it asks for nor who may come in',
    'mcp_servers: { a: { url: http://x } }',
    'config.yaml:1:16 mcp_servers.a: Missing auth_type: oauth2 where users sign in, none where the server asks for nothing',
  ],
  [
    'a listener beyond loopback',
    `listen: { host: 0.0.0.0 }${SERVER}`,
    'config.yaml:1:1 listen: Missing public_url or allowed_hosts: beyond loopback the public host must be named',
    'config.yaml:1:1 listen: Missing secret_keys: beyond loopback they must be configured, make one with mcp-oauth-proxy keygen',
  ],
  ['a list', '- a', 'config.yaml:1:1 Unusable value: want keys and values, such as mcp_servers'],
  ['a file of nothing but a comment', '# soon', SERVERLESS],
  [
    'a list of servers',
    'mcp_servers: [a]',
    'config.yaml:1:1 mcp_servers: Unusable value: want servers by name',
  ],
  [
    'a server that is no map',
    'mcp_servers: { a: x }',
    'config.yaml:1:16 mcp_servers.a: Unusable value: want keys and values, such as url and auth_type',
  ],
  [
    'a listener that is no map',
    `listen: here${SERVER}`,
    'config.yaml:1:1 listen: Unusable value: want host and port',
  ],
  [
    'a listener that is a list',
    `listen: []${SERVER}`,
    'config.yaml:1:1 listen: Unusable value: want host and port',
  ],
  [
    'a second document',
    `${SERVER}---\nconsent: never\n`,
    'config.yaml:9:1 Bad YAML: the file has two documents, want no line of --- between keys',
  ],
  [
    'a tag, which would eat the start of a password',
    `${SERVER.trim()}\n    client_secret: !hunter2 x\n`,
    'config.yaml:8:20 Bad YAML: unknown tag, want text that starts with ! in quotes',
  ],
  [
    'an alias of nothing, which would leave out a password',
    `${SERVER.trim()}\n    client_secret: *hunter2\n`,
    'config.yaml:8:5 mcp_servers.gh.client_secret: Unknown alias: want text that starts with * in quotes',
  ],
  [
    'an environment variable that every object has',
    `public_url: \${constructor}${SERVER}`,
    `config.yaml:1:1 public_url: The environment variable constructor is not set: set it, or give a default as \${constructor:-default}`,
  ],
  [
    'IPv4 inside IPv6, which no peer is compared as',
    `trusted_proxies: ["::ffff:010.0.0.1", "::ffff:a00:1", "fe80::1%eth0"]${SERVER}`,
    `config.yaml:1:19 trusted_proxies.0: Unusable value: ${NETWORK}`,
    `config.yaml:1:39 trusted_proxies.1: Unusable value: ${NETWORK}`,
    `config.yaml:1:55 trusted_proxies.2: Unusable value: ${NETWORK}`,
  ],
  [
    'a public URL whose path the routes refuse',
    `public_url: https://x/a;b${SERVER}`,
    'config.yaml:1:1 public_url: Unusable value: want a plain path, without //, ; or %',
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

  it('checks what is sound together though something else is wrong', () => {
    const lines = linesOf(
      `listen: { host: 0.0.0.0 }\nconsent: maybe\nroot: nope\nmcp_servers: { a: { url: http://x, auth_type: oauth2, scopes: 1 } }`,
    )

    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(1, 3).join(' ')),
      [
        'listen: Missing',
        'listen: Missing',
        'consent: Unusable',
        'root: Unknown',
        'mcp_servers.a.scopes: Unusable',
      ],
    )
  })

  it('does not call missing what is there and wrong', () => {
    const lines = linesOf(
      `listen: { host: 0.0.0.0 }\npublic_url: x\nsecret_keys: [short]\nroot: gh${SERVER.replace('client_id: id', 'client_id: 1')}`,
    )

    assert.deepEqual(
      lines.map((line) => line.split(' ')[1]),
      ['public_url:', 'secret_keys.0:', 'mcp_servers.gh.client_id:'],
    )
  })
})
