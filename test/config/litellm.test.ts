import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServerConfig } from '../../src/config/config.ts'
import { load } from '../support/config.ts'

/** LITELLM.md §5. */
const SAMPLE = `
general_settings:
  master_key: os.environ/PROXY_KEY
  use_x_forwarded_for: true
  mcp_trusted_proxy_ranges: ["10.20.0.0/16", "127.0.0.0/8"]
mcp_servers:
  tickets:
    url: https://mcp.tickets.test/mcp
    transport: http
    auth_type: oauth2
    oauth2_flow: authorization_code
  code_host:
    alias: code
    url: https://mcp.code.test/v1
    auth_type: oauth2
    oauth2_flow: authorization_code
    authorization_url: https://id.code.test/authorize?tenant=acme
    token_url: https://id.code.test/token
    token_endpoint_auth_method: client_secret_basic
    client_id: os.environ/CODE_ID
    client_secret: os.environ/CODE_SECRET
    scopes: [repo.read, issue.write]
    static_headers: { X-Org: acme }
  nightly:
    url: https://mcp.jobs.test/mcp
    auth_type: oauth2
    oauth2_flow: client_credentials
    token_url: https://id.jobs.test/token
    client_id: os.environ/JOBS_ID
    client_secret: os.environ/JOBS_SECRET
    scopes: [jobs:run]
    allowed_tools: [run, status]
  notes:
    url: https://mcp.notes.test/mcp
    auth_type: true_passthrough
`
const ENV = {
  PROXY_KEY: 'sk-1234',
  CODE_ID: 'code-id',
  CODE_SECRET: 'code-secret',
  JOBS_ID: 'jobs-id',
  JOBS_SECRET: 'jobs-secret',
}
const MASTER = { kind: 'keys', keys: [{ name: 'master_key', key: 'sk-1234' }] }

function sampleServer(name: string): ServerConfig {
  const found = load(SAMPLE, ENV).config.servers.find((server) => server.name === name)
  return found ?? assert.fail(`no ${name}`)
}

describe("LiteLLM's configuration", () => {
  it('row 47: loads as it stands, with a line for all that is not as there', () => {
    const { config, notes } = load(SAMPLE, ENV)

    assert.deepEqual(config.trustedProxies, ['10.20.0.0/16', '127.0.0.0/8'])
    assert.deepEqual(notes, [
      'Passed over what belongs to LiteLLM: general_settings',
      'nightly: not enforced here, where all tools pass: allowed_tools',
      'true_passthrough of notes lets everybody through to it, with what they bring',
    ])
  })

  it('takes an interactive server that is only a URL', () => {
    const { access, credential, url } = sampleServer('tickets')

    assert.equal(url, 'https://mcp.tickets.test/mcp')
    assert.deepEqual(credential, { kind: 'user' })
    assert.equal(access.kind, 'sign-in')
  })

  it('takes an app that was registered before, and an alias', () => {
    const { access, alias, staticHeaders } = sampleServer('code_host')

    assert.equal(alias, 'code')
    assert.deepEqual(staticHeaders, [['X-Org', 'acme']])
    assert.ok(access.kind === 'sign-in' && access.provider !== 'demo')
    assert.deepEqual(access.provider.client, {
      clientId: 'code-id',
      clientSecret: 'code-secret',
      method: 'client_secret_basic',
    })
    assert.deepEqual(access.provider.scopes, ['repo.read', 'issue.write'])
  })

  it('lets the master key in at a machine server, whose token is our own', () => {
    const { access, credential } = sampleServer('nightly')

    assert.deepEqual(access, MASTER)
    assert.ok(credential.kind === 'machine')
    assert.equal(credential.provider.tokenUrl, 'https://id.jobs.test/token')
    assert.deepEqual(credential.provider.client, {
      clientId: 'jobs-id',
      clientSecret: 'jobs-secret',
      method: 'client_secret_post',
    })
  })

  it('leaves a transparent server to its upstream', () => {
    const { access, credential } = sampleServer('notes')

    assert.deepEqual([access, credential], [{ kind: 'upstream' }, { kind: 'client' }])
  })

  const STATIC = `general_settings: { master_key: sk-1234 }
access_keys: [{ key: sk-other, servers: [b] }]
mcp_servers:
  a: { url: https://a.test/mcp }
  b: { url: https://b.test/mcp, auth_type: bearer_token, authentication_token: t }
`

  it('lets the master key in at a server without auth_type too', () => {
    const [first] = load(STATIC).config.servers

    assert.deepEqual(first?.access, MASTER)
    assert.deepEqual(first?.credential, { kind: 'none' })
  })

  it('adds the master key to keys of our own', () => {
    const { access } = load(STATIC).config.servers[1] ?? assert.fail()

    assert.ok(access.kind === 'keys')
    assert.deepEqual(
      access.keys.map(({ key }) => key),
      ['sk-other', 'sk-1234'],
    )
  })

  it('tells what is passed over in one line, however much there is', () => {
    const { notes } = load(`model_list: [{ model_name: x }]
router_settings: { a: 1 }
guardrails: []
environment_variables: { A: b }
litellm_settings: { drop_params: true, callbacks: [x] }
general_settings: { database_url: x, alerting: [slack] }
mcp_servers:
  s: { url: https://s.test/mcp, auth_type: oauth2, server_id: x, mcp_info: { a: 1 }, timeout: 5 }
`)

    assert.deepEqual(notes, [
      'Passed over what belongs to LiteLLM: model_list, router_settings, guardrails, environment_variables, litellm_settings, general_settings',
    ])
  })

  it('says that policies are not enforced', () => {
    const { notes } = load(`general_settings: { mcp_allowed_clients: [a] }
mcp_servers:
  s: { url: https://s.test/mcp, auth_type: oauth2, disallowed_tools: [x], access_groups: [y] }
`)

    assert.deepEqual(notes.slice(1), [
      'general_settings: not enforced here: mcp_allowed_clients',
      's: not enforced here, where all tools pass: disallowed_tools, access_groups',
    ])
  })

  it('says what flow an entry has that looks like a machine but does not say so', () => {
    const { config, notes } = load(
      'mcp_servers: { s: { url: https://s.test/mcp, auth_type: oauth2, client_id: a, client_secret: b, token_url: https://i.test/t } }',
    )

    assert.equal(config.servers[0]?.access.kind, 'sign-in')
    assert.match(notes.join(), /^s: without oauth2_flow users sign in/)
  })

  it('needs no variable of what it passes over', () => {
    const { config } = load(`general_settings: { database_url: os.environ/UNSET }
litellm_settings: { cache_params: { password: os.environ/UNSET } }
mcp_servers:
  s: { url: https://s.test/mcp, auth_type: oauth2, env_vars: [os.environ/UNSET], allowed_tools: ["\${UNSET}"] }
`)

    assert.equal(config.servers.length, 1)
  })
})

describe('mcp_aliases', () => {
  const aliases = (text: string) =>
    load(`litellm_settings: { mcp_aliases: { ${text} } }
mcp_servers:
  a: { url: https://a.test/mcp, auth_type: oauth2 }
  b: { url: https://b.test/mcp, auth_type: oauth2, alias: own }
`).config.servers.map(({ alias }) => alias)

  it('gives a server its alias, the first of several', () => {
    assert.deepEqual(aliases('one: a, two: a'), ['one', 'own'])
  })

  it('leaves a server the alias that its entry has', () => {
    assert.deepEqual(aliases('other: b'), [undefined, 'own'])
  })
})

describe('use_x_forwarded_for', () => {
  const RANGES = 'mcp_trusted_proxy_ranges: [10.0.0.0/8]'
  const settings = (text: string) =>
    load(
      `general_settings: { ${text} }\nmcp_servers: { s: { url: https://s.test/mcp, auth_type: oauth2 } }`,
    )
  const LOOPBACK = ['127.0.0.0/8', '::1/128']
  for (const [text, trusted, note] of [
    [`use_x_forwarded_for: true, ${RANGES}`, ['10.0.0.0/8'], undefined],
    [`use_x_forwarded_for: false, ${RANGES}`, [], undefined],
    ['use_x_forwarded_for: false', [], undefined],
    ['alerting: []', LOOPBACK, undefined],
    [
      'use_x_forwarded_for: true',
      [],
      'use_x_forwarded_for without mcp_trusted_proxy_ranges trusts nobody: name the ranges of your proxies',
    ],
    [RANGES, [], 'mcp_trusted_proxy_ranges counts only with use_x_forwarded_for: true'],
  ] as const) {
    it(`trusts ${trusted.join(', ') || 'nobody'} with ${text}`, () => {
      const { config, notes } = settings(text)

      assert.deepEqual(config.trustedProxies, trusted)
      assert.deepEqual(notes.slice(1), note === undefined ? [] : [note])
    })
  }

  it('is weaker than trusted_proxies', () => {
    const { config } = load(`general_settings: { use_x_forwarded_for: false }
trusted_proxies: [192.0.2.1]
mcp_servers: { s: { url: https://s.test/mcp, auth_type: oauth2 } }
`)

    assert.deepEqual(config.trustedProxies, ['192.0.2.1/32'])
  })
})
