import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linesOf, SERVER } from '../support/config.ts'

const UNUSABLE: readonly (readonly [what: string, text: string, ...lines: string[]])[] = [
  [
    'a server host with a port, which would never match',
    `${SERVER.trim()}\n    host: a.example.com:8443\n`,
    'config.yaml:8:5 mcp_servers.gh.host: Unusable value: want a host name such as mcp.example.com, without scheme, port or path',
  ],
  [
    'a host twice',
    'mcp_servers:\n  a: { url: http://x, auth_type: none, access: open, host: H.example }\n  b: { url: http://y, auth_type: none, access: open, host: h.example }',
    'config.yaml:3:54 mcp_servers.b.host: Duplicate host: another server claims it',
  ],
  [
    'a header that frames the message',
    `${SERVER.trim()}\n    static_headers: { Host: x }\n`,
    'config.yaml:8:23 mcp_servers.gh.static_headers.Host: Unusable value: want the name of a header that does not frame the message',
  ],
  [
    'a header twice',
    `${SERVER.trim()}\n    static_headers: { X-A: x, x-a: y }\n`,
    'config.yaml:8:5 mcp_servers.gh.static_headers: Unusable value: want each header once, in whatever case',
  ],
  [
    'a header over two lines',
    `${SERVER.trim()}\n    static_headers: { X-A: "a\\r\\nB: c" }\n`,
    'config.yaml:8:23 mcp_servers.gh.static_headers.X-A: Unusable value: want printable text on one line',
  ],
  [
    'a way to authenticate without its secret',
    `${SERVER.trim()}\n    token_endpoint_auth_method: client_secret_basic\n`,
    'config.yaml:2:3 mcp_servers.gh: Missing client_secret: the secret that token_endpoint_auth_method sends',
  ],
  [
    'a duration without unit',
    `session: { idle: 30 }${SERVER}`,
    'config.yaml:1:12 session.idle: Unusable value: want a duration such as 90s, 15m, 12h or 30d',
  ],
  [
    'a secret in place of its hash',
    `clients: [{ id: ci, redirect_uris: ['https://ci.example/cb'], secret_sha256: hunter2 }]${SERVER}`,
    'config.yaml:1:63 clients.0.secret_sha256: Unusable value: want the SHA-256 of the secret, 64 hexadecimal digits',
  ],
  ...[
    [
      'auth_type: aws_sigv4',
      'oauth2, none, bearer_token, api_key, basic, authorization, token, true_passthrough and oauth2_token_exchange',
    ],
    ['oauth2_flow: implicit', 'authorization_code and client_credentials'],
    ['transport: stdio', 'http and sse'],
  ].map(([text = '', supported]) => {
    const key = text.split(':')[0]
    const others = key === 'auth_type' ? '' : ', auth_type: oauth2'
    return [
      text,
      `mcp_servers: { a: { ${text}, url: builtin:demo${others} } }`,
      `config.yaml:1:21 mcp_servers.a.${key}: Unusable value: this proxy supports only ${supported}`,
    ] as const
  }),
]

describe('loadConfig, of a bad server', () => {
  for (const [what, text, ...lines] of UNUSABLE) {
    it(`names ${what}`, () => assert.deepEqual(linesOf(text), lines))
  }

  for (const name of ['.', '..', '.well-known', '.hidden', 'mcp', 'favicon.ico', 'a/b', 'a b']) {
    it(`refuses the name ${name}`, () => {
      const entry = '{ url: http://x, auth_type: none, access: open }'

      assert.equal(linesOf(`mcp_servers: { "${name}": ${entry} }`).length, 1)
    })
  }
})
