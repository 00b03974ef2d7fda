import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { load, SERVER } from '../support/config.ts'

const PATH = 'Ignored SERVER_ROOT_PATH: want a plain path such as /llm'
const BASE = 'Ignored PROXY_BASE_URL: want a URL such as https://mcp.example.com'

describe("LiteLLM's environment", () => {
  for (const [PROXY_BASE_URL, SERVER_ROOT_PATH, publicUrl, rootPath, ...notes] of [
    ['', '', undefined, undefined],
    ['https://Mcp.example.com/', '', 'https://mcp.example.com', undefined],
    ['https://mcp.example.com/llm', '', 'https://mcp.example.com/llm', undefined],
    ['https://mcp.example.com', '/llm', 'https://mcp.example.com/llm', '/llm'],
    ['https://mcp.example.com/llm/', '/llm/', 'https://mcp.example.com/llm', '/llm'],
    // A host that is called like the path is not the path.
    ['http://llm', '/llm', 'http://llm/llm', '/llm'],
    ['', '/a/b', undefined, '/a/b'],
    ['', '/', undefined, undefined],
    ['mcp.example.com', '/llm', undefined, '/llm', BASE],
    ['https://u:p@mcp.example.com', '', undefined, undefined, BASE],
    ['https://mcp.example.com?x=1', '', undefined, undefined, BASE],
    ['https://mcp.example.com', 'llm', 'https://mcp.example.com', undefined, PATH],
    ['', '/a/../b', undefined, undefined, PATH],
    ['', '/a%2fb', undefined, undefined, PATH],
    ['', '//evil.test', undefined, undefined, PATH],
    ['javascript:x', '/a b', undefined, undefined, PATH, BASE],
  ] as const) {
    it(`with PROXY_BASE_URL "${PROXY_BASE_URL}" and SERVER_ROOT_PATH "${SERVER_ROOT_PATH}" means ${publicUrl}`, () => {
      const loaded = load(SERVER, { PROXY_BASE_URL, SERVER_ROOT_PATH })

      assert.equal(loaded.config.publicUrl, publicUrl)
      assert.equal(loaded.config.rootPath, rootPath)
      assert.deepEqual(loaded.notes, notes)
    })
  }

  it('is weaker than public_url', () => {
    const env = { PROXY_BASE_URL: 'https://weak.example.com', SERVER_ROOT_PATH: '/weak' }

    const { config } = load(`public_url: https://strong.example.com${SERVER}`, env)

    assert.equal(config.publicUrl, 'https://strong.example.com')
  })

  it('lets a listener beyond loopback be named by PROXY_BASE_URL', () => {
    const text = `listen: { host: 0.0.0.0 }\nsecret_keys: [${'k'.repeat(43)}]${SERVER}`

    const { config } = load(text, { PROXY_BASE_URL: 'https://mcp.example.com' })

    assert.equal(config.publicUrl, 'https://mcp.example.com')
  })

  it('sets the figures of token caches, over those of the file', () => {
    const { config, notes } = load(`client_credentials_tokens: { max_size: 1 }${SERVER}`, {
      MCP_OAUTH2_TOKEN_EXPIRY_BUFFER_SECONDS: '30',
      MCP_OAUTH2_TOKEN_CACHE_MIN_TTL: '5',
      MCP_OAUTH2_TOKEN_CACHE_DEFAULT_TTL: '3600',
      MCP_OAUTH2_TOKEN_CACHE_MAX_SIZE: '2000',
    })

    assert.deepEqual(config.tokenCache, {
      expiryBuffer: 30,
      minLifetime: 5,
      defaultLifetime: 3600,
      maxSize: 2000,
    })
    assert.deepEqual(notes, [])
  })

  for (const text of ['0', '-1', '1.5', 'soon', '1e3', ' 5', '100001']) {
    it(`passes over a figure of "${text}" with one line`, () => {
      const { config, notes } = load(SERVER, { MCP_OAUTH2_TOKEN_CACHE_MIN_TTL: text })

      assert.equal(config.tokenCache.minLifetime, 10)
      assert.deepEqual(notes, [
        'Ignored MCP_OAUTH2_TOKEN_CACHE_MIN_TTL: want a whole number from 1 to 100000',
      ])
    })
  }
})
