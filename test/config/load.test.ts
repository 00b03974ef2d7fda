import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { KEY, load, providerIn, SERVER } from '../support/config.ts'

describe('loadConfig', () => {
  it('fills in what is left out', () => {
    const { config, notes } = load(SERVER)

    assert.deepEqual(config.listen, { host: '127.0.0.1', port: 4000 })
    assert.deepEqual(config.trustedProxies, ['127.0.0.0/8', '::1/128'])
    assert.deepEqual(config.forwardedHeaders, [
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-forwarded-port',
    ])
    assert.equal(config.consent, 'always')
    assert.deepEqual(config.root, { kind: 'auto' })
    assert.deepEqual(notes, [])
  })

  it('reads a provider', () => {
    const { config } = load(`${SERVER}    client_secret_file: present
    upstream_resource: auto
    authorization_params: { access_type: offline }
    scopes: [a, b]
`)
    const [server] = config.servers

    assert.deepEqual(server?.credential, { kind: 'user' })
    assert.deepEqual(server?.access, {
      kind: 'sign-in',
      tokens: 'sealed',
      callback: 'own',
      provider: {
        key: 'gh',
        resourceUrl: 'https://mcp.example.com/mcp',
        authorizationUrl: 'https://id.example.com/authorize',
        tokenUrl: 'https://id.example.com/token',
        client: {
          clientId: 'id',
          clientSecret: 'secret-of-a-file',
          method: 'client_secret_post',
        },
        scopes: ['a', 'b'],
        namesIssuer: false,
        authorizationParams: { access_type: 'offline' },
        tokenParams: {},
        resource: 'auto',
      },
    })
  })

  for (const [written, read] of [
    ['https://mcp.example.com/', 'https://mcp.example.com'],
    ['https://MCP.example.com:443/llm/', 'https://mcp.example.com/llm'],
  ]) {
    it(`reads the public URL ${written} as ${read}`, () => {
      assert.equal(load(`public_url: ${written}${SERVER}`).config.publicUrl, read)
    })
  }

  it('reads the environment in all three forms, once', () => {
    const env = { A: `\${B}${KEY}`, B: 'never', C: 'from-litellm' }
    const { config } = load(
      `secret_keys: ["\${A}", "\${D:-${KEY}}"]${SERVER}    client_secret: os.environ/C\n`,
      env,
    )

    assert.deepEqual(config.secretKeys, [`\${B}${KEY}`, KEY])
    assert.equal(providerIn(config)?.client?.clientSecret, 'from-litellm')
  })

  it('passes over what belongs to LiteLLM, its unset variables too, and says so', () => {
    const { notes } = load(`model_list: [{ model_name: x, api_key: os.environ/UNSET }]${SERVER}`)

    assert.deepEqual(notes, ['Passed over what belongs to LiteLLM: model_list'])
  })

  it('reads sessions and clients', () => {
    const sha = 'a'.repeat(64)
    const { config } = load(
      `session: { idle: 12h }
clients: [{ id: ci, redirect_uris: ['https://ci.example/cb'], secret_sha256: ${sha} }]${SERVER}`,
    )

    assert.deepEqual(config.session, { idle: 43_200, max: 31_536_000 })
    assert.deepEqual(config.clients, [
      { id: 'ci', redirectUris: ['https://ci.example/cb'], secretSha256: sha },
    ])
  })

  it('warns of consent: never and of tokens: passthrough', () => {
    const { notes } = load(`consent: never${SERVER}    tokens: passthrough\n`)

    assert.equal(notes.length, 2)
  })

  it('reads values of aliases', () => {
    const { config } = load(
      `allowed_hosts: &a [x.example]\nallowed_redirect_uris: []${SERVER}    scopes: *a\n`,
    )

    assert.deepEqual(providerIn(config)?.scopes, ['x.example'])
  })

  it('lets a name anchored twice mean the nearest before', () => {
    const { config } = load(`allowed_hosts: [&a x.example, *a, &a y.example, *a]${SERVER}`)

    assert.deepEqual(config.allowedHosts, ['x.example', 'x.example', 'y.example', 'y.example'])
  })

  it('reads hosts in lower case, without default ports', () => {
    const { config } = load(
      `allowed_hosts: [A.example:443, "b.example:80", c.example:8443, "[::1]:81", "[::1]"]${SERVER}`,
    )

    assert.deepEqual(config.allowedHosts, [
      'a.example',
      'b.example',
      'c.example:8443',
      '[::1]:81',
      '[::1]',
    ])
  })

  for (const host of [
    'a..example',
    '127.1',
    '0x7f.1',
    '[0:0:0:0:0:0:0:1]',
    'a.example:99999',
    '*.example',
  ]) {
    it(`refuses the host ${host}, which no request names`, () => {
      assert.throws(() => load(`allowed_hosts: ["${host}"]${SERVER}`), ConfigError)
    })
  }

  it('reads networks by name, address and CIDR', () => {
    const { config } = load(
      `trusted_proxies: [link-local, private, 192.0.2.1, "2001:db8::1", 198.51.100.0/24]${SERVER}`,
    )

    assert.deepEqual(config.trustedProxies, [
      '169.254.0.0/16',
      'fe80::/10',
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      'fc00::/7',
      '192.0.2.1/32',
      '2001:db8::1/128',
      '198.51.100.0/24',
    ])
  })

  for (const uri of [
    'https://h.example/cb',
    'http://h.example:*/cb',
    'http://h.example:*',
    'https://h.example/*',
    'https://h.example/a/*',
    'myapp:/cb',
    'myapp://host/*',
  ]) {
    it(`takes the redirect URI ${uri}`, () => {
      assert.deepEqual(
        load(`allowed_redirect_uris: ["${uri}"]${SERVER}`).config.allowedRedirectUris,
        [uri],
      )
    })
  }

  for (const uri of [
    'https://*', // would send codes to any host
    'https://*/cb',
    'https://*.example/cb',
    'https:///*',
    'myapp://*',
    'https://h.example/*/cb',
    'https://h.example/a*',
    'https://h.example:*/*',
    'https://h.example:8*/cb',
    'https://h.example/?a=*',
    'https://u@h.example:*/cb',
    'https://h.example/cb#f',
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    'file:///x',
    'vbscript:x',
    'blob:https://h.example/x',
    '/cb',
    '*',
  ]) {
    it(`refuses the redirect URI ${uri}`, () => {
      assert.throws(() => load(`allowed_redirect_uris: ["${uri}"]${SERVER}`), ConfigError)
    })
  }

  describe('with files of secrets', () => {
    const files: Readonly<Record<string, string>> = {
      one: `${KEY}\n`,
      blank: `${KEY}\n\r\n\n`,
      two: `${KEY}\n${KEY}2\n`,
      twice: `${KEY}\n${KEY}\n`,
      short: 'short\n',
      empty: '\n',
    }
    const read = (text: string) =>
      loadConfig({ file: 'c', text, env: {}, readSecret: (path) => files[path] ?? assert.fail() })

    it('reads keys, one a line', () => {
      const { config } = read(`secret_keys: ["${KEY}1"]\nsecret_keys_file: two${SERVER}`)

      assert.deepEqual(config.secretKeys, [`${KEY}1`, KEY, `${KEY}2`])
    })

    it('leaves out all line ends behind a secret', () => {
      const { config } = read(`${SERVER}    client_secret_file: blank\n`)

      assert.equal(providerIn(config)?.client?.clientSecret, KEY)
    })

    for (const [key, file, message] of [
      ['secret_keys_file', 'short', 'Too short: want at least 32 bytes in each line'],
      ['secret_keys_file', 'twice', 'Duplicate key: want each once'],
      ['secret_keys_file', 'empty', 'The file is empty: want the secret in it'],
    ]) {
      it(`refuses ${key}: ${file}`, () => {
        assert.throws(() => read(`${key}: ${file}${SERVER}`), {
          message: `c:1:1 ${key}: ${message}`,
        })
      })
    }

    it('refuses an empty client_id_file', () => {
      const text = SERVER.trim().replace('client_id: id', 'client_id_file: empty')

      assert.throws(() => read(text), {
        message: 'c:7:5 mcp_servers.gh.client_id_file: The file is empty: want the secret in it',
      })
    })
  })

  it('takes where to listen from outside over the file', () => {
    const source = {
      file: 'c',
      text: `listen: { port: 1 }${SERVER}`,
      env: {},
      readSecret: () => '',
    }

    assert.equal(loadConfig({ ...source, listen: { port: 2 } }).config.listen.port, 2)
    assert.throws(() => loadConfig({ ...source, listen: { host: '0.0.0.0' } }), ConfigError)
  })
})
