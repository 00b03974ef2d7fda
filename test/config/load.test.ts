import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { KEY, load, SERVER } from '../support/config.ts'

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

    assert.deepEqual(server?.auth, {
      kind: 'oauth2',
      scopes: ['a', 'b'],
      tokens: 'sealed',
      callback: 'own',
      provider: {
        authorizationUrl: 'https://id.example.com/authorize',
        tokenUrl: 'https://id.example.com/token',
        clientId: 'id',
        clientSecret: 'secret-of-a-file',
        tokenEndpointAuthMethod: 'client_secret_post',
        authorizationParams: { access_type: 'offline' },
        tokenParams: {},
        resource: 'https://mcp.example.com/mcp',
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
    const auth = config.servers[0]?.auth
    assert.ok(auth?.kind === 'oauth2' && auth.provider !== 'demo')
    assert.equal(auth.provider.clientSecret, 'from-litellm')
  })

  it('passes over what belongs to LiteLLM, and says so', () => {
    const { notes } = load(`model_list: [{ model_name: x }]${SERVER}`)

    assert.deepEqual(notes, ['Passed over what belongs to LiteLLM: model_list'])
  })

  it('warns of consent: never and of tokens: passthrough', () => {
    const { notes } = load(`consent: never${SERVER}    tokens: passthrough\n`)

    assert.equal(notes.length, 2)
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
