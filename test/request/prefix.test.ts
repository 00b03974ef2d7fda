import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRegistry } from '../../src/registry.ts'
import { createPrefixRemover } from '../../src/request/prefix.ts'
import { oauthServer } from '../support/proxy.ts'

const registry = createRegistry([oauthServer('gh'), oauthServer('jira')], { kind: 'auto' })
const remove = createPrefixRemover(registry)

describe('the path below a prefix', () => {
  for (const [path, below] of [
    ['/llm/gh/mcp', '/gh/mcp'],
    ['/llm', '/'],
    ['/gh/mcp', '/gh/mcp'],
    ['/llmx/gh', '/llmx/gh'],
    [
      '/.well-known/oauth-protected-resource/llm/gh/mcp',
      '/.well-known/oauth-protected-resource/gh/mcp',
    ],
    [
      '/.well-known/oauth-protected-resource/gh/mcp',
      '/.well-known/oauth-protected-resource/gh/mcp',
    ],
  ] as const) {
    it(`is ${below} for ${path} with /llm`, () => assert.equal(remove(path, '/llm'), below))
  }

  for (const [prefix, path, below] of [
    ['/gh', '/gh/mcp', '/gh/mcp'],
    ['/gh', '/gh/token', '/gh/token'],
    ['/gh', '/gh/root/authorize', '/gh/root/authorize'],
    ['/gh', '/gh/gh/mcp', '/gh/mcp'],
    ['/gh', '/gh/jira/mcp', '/jira/mcp'],
    ['/gh', '/gh/mcp/jira', '/mcp/jira'],
    ['/gh', '/jira/mcp', '/jira/mcp'],
    ['/mcp', '/mcp', '/mcp'],
    ['/mcp', '/mcp/gh', '/mcp/gh'],
    ['/mcp', '/mcp/mcp/gh', '/mcp/gh'],
    ['/mcp', '/mcp/gh/mcp', '/gh/mcp'],
    ['/mcp', '/mcp/token', '/token'],
  ] as const) {
    it(`is ${below} for ${path} with ${prefix}, which a server is called by or which means one`, () =>
      assert.equal(remove(path, prefix), below))
  }
})
