import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { adoptLiteLlm } from '../../src/config/litellm.ts'
import { linesOf } from '../support/config.ts'

const entry = (text: string) => `mcp_servers:\n  s: { url: https://s.test/mcp, ${text} }\n`
const O = 'auth_type: oauth2'
const LEFT_OUT =
  'Not supported by this proxy: leave it out, and keep the server in LiteLLM if it needs it'

describe("what of LiteLLM's is not supported", () => {
  for (const [what, text, ...lines] of [
    [
      'servers hidden by address',
      entry(`${O}, available_on_public_internet: false`),
      '2:52 mcp_servers.s.available_on_public_internet: Not supported: servers are not hidden by IP address here, leave it out and keep the server on a listener of its own',
    ],
    ['dcr_bridge', entry(`${O}, dcr_bridge: true`), `2:52 mcp_servers.s.dcr_bridge: ${LEFT_OUT}`],
    ['spec_path', entry(`${O}, spec_path: x.yaml`), `2:52 mcp_servers.s.spec_path: ${LEFT_OUT}`],
    [
      'an alias of an unknown server',
      `litellm_settings: { mcp_aliases: { x: nope } }\n${entry(O)}`,
      '1:36 litellm_settings.mcp_aliases.x: Unknown server: want a name in mcp_servers',
    ],
    [
      'an alias that is reserved',
      `litellm_settings: { mcp_aliases: { token: s } }\n${entry(O)}`,
      '1:36 litellm_settings.mcp_aliases.token: Reserved name: it is a path of the proxy, choose another',
    ],
    [
      'a range that is none',
      `general_settings:\n  use_x_forwarded_for: true\n  mcp_trusted_proxy_ranges: [10.0.0.0/99]\n${entry(O)}`,
      '3:30 general_settings.mcp_trusted_proxy_ranges.0: Unusable value: want a network such as 10.0.0.0/8, or loopback, link-local or private',
    ],
    [
      'a master key that is a number',
      `general_settings:\n  master_key: 1234\n${entry('auth_type: none')}`,
      '2:3 general_settings.master_key: Unusable value: want text, in quotes if it looks like something else',
    ],
    [
      'a master key that is not set, and only that',
      `general_settings:\n  master_key: os.environ/NOPE\n${entry('auth_type: none')}  t: { url: https://t.test }\n`,
      `2:3 general_settings.master_key: The environment variable NOPE is not set: set it, or give a default as \${NOPE:-default}`,
    ],
  ] as const) {
    it(`names ${what}`, () => {
      assert.deepEqual(
        linesOf(text),
        lines.map((line) => `config.yaml:${line}`),
      )
    })
  }

  for (const type of ['oauth2_id_jag', 'aws_sigv4', 'oauth_delegate', 'magic']) {
    it(`names auth_type: ${type}`, () => {
      const [line = '', ...others] = linesOf(entry(`auth_type: ${type}`))

      assert.match(
        line,
        /^config\.yaml:2:33 mcp_servers\.s\.auth_type: Unusable value: .* only oauth/,
      )
      assert.deepEqual(others, [])
    })
  }

  it('names a program to start, and a transport of it', () => {
    const lines = linesOf(
      'mcp_servers: { s: { transport: stdio, command: npx, args: [-y], env: { A: b } } }',
    )

    assert.deepEqual(
      lines.map((line) => line.split(' ')[1]),
      ['mcp_servers.s.url:', 'mcp_servers.s.transport:', 'mcp_servers.s.command:'],
    )
    assert.match(lines[2] ?? '', /no programs are started here/)
  })

  for (const key of ['is_byok', 'delegate_auth_to_upstream', 'oauth_passthrough', 'dcr_bridge']) {
    it(`takes ${key}: false for not there`, () => {
      assert.deepEqual(linesOf(entry(`${O}, ${key}: false`)), [])
      assert.equal(linesOf(entry(`${O}, ${key}: true`)).length, 1)
    })
  }
})

const KEYS = [
  ...['general_settings', 'litellm_settings', 'mcp_servers', 'model_list', 'access_keys'],
  ...['master_key', 'use_x_forwarded_for', 'mcp_trusted_proxy_ranges', 'trusted_proxies'],
  ...['mcp_aliases', 's', 'url', 'alias', 'auth_type', 'command', 'allowed_tools', 'dcr_bridge'],
  ...['client_id', 'client_secret', 'token_url', '__proto__', 'constructor', ''],
]
const { data } = fc.letrec<{ data: unknown; map: Record<string, unknown> }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, true, false, 0, -1, Number.NaN, 'os.environ/X'),
    fc.constantFrom('s', 'oauth2', 'none', 'https://s.test/mcp', '10.0.0.0/8', ''),
    fc.array(tie('data'), { maxLength: 3 }),
    tie('map'),
  ),
  map: fc
    .array(fc.tuple(fc.constantFrom(...KEYS), tie('data')), { maxLength: 6 })
    .map((members) => Object.fromEntries(members)),
}))
const section = fc.dictionary(fc.constantFrom(...KEYS), data, { maxKeys: 4 })
const file = fc.record(
  {
    general_settings: fc.oneof(section, data),
    litellm_settings: fc.oneof(section, data),
    access_keys: data,
    mcp_servers: fc.oneof(
      fc.dictionary(fc.constantFrom('s', 't', ''), fc.oneof(section, data)),
      data,
    ),
  },
  { requiredKeys: [] },
)

describe('anything in the shape of a configuration of LiteLLM', () => {
  it('is adopted without a failure', () => {
    fc.assert(
      fc.property(fc.oneof(file, data), (value) => {
        const { notes, mistakes } = adoptLiteLlm(value)
        assert.ok(
          [...notes, ...mistakes.map(({ message }) => message)].every((line) => line !== ''),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('loads, or fails with mistakes that all have a place', () => {
    fc.assert(
      fc.property(fc.oneof(file, data), (value) => {
        // JSON is YAML; linesOf lets nothing but a ConfigError pass.
        for (const line of linesOf(JSON.stringify(value, null, 1) ?? ''))
          assert.match(line, /^config\.yaml:[1-9]\d*:[1-9]\d* \S/)
      }),
      { numRuns: 1000 },
    )
  })
})
