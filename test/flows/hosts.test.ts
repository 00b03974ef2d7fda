import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Config } from '../../src/config/config.ts'
import { oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

type Given = Readonly<Record<string, string>>

function start(config: Partial<Config> = {}): Promise<TestProxy> {
  return startProxy({ servers: [oauthServer('gh')], config })
}

describe('the hosts that are answered for', () => {
  it('are those of allowed_hosts, in any case, with their default port', async () => {
    const proxy = await start({ allowedHosts: ['mcp.example.com'] })
    const ask = async (host: string) => (await proxy.fetch(`http://${host}/gh/mcp`)).status

    assert.equal(await ask('mcp.example.com'), 401)
    assert.equal(await ask('MCP.example.com'), 401)
    assert.equal(await ask('mcp.example.com:443'), 401)
    for (const host of [
      'evil.test',
      'mcp.example.com.evil.test',
      'mcp.example.com.',
      'localhost:4000',
      '127.0.0.1',
    ]) {
      assert.equal(await ask(host), 421, host)
    }
    assert.equal((await proxy.fetch('http://evil.test/healthz')).status, 200)
    assert.equal((await proxy.fetch('http://evil.test/healthz/x')).status, 421)
    const forwarded = { headers: { 'x-forwarded-host': 'mcp.example.com' } }
    assert.equal((await proxy.fetch('/gh/mcp', forwarded)).status, 401)
    assert.equal((await proxy.fetch('/gh/mcp', { ...forwarded, peer: '203.0.113.7' })).status, 421)
  })

  it('are with a port that one alone, the default port of the scheme too', async () => {
    const proxy = await start({ allowedHosts: ['mcp.example.com:443', 'other.example.com:8443'] })
    const ask = async (host: string, proto = 'https') => {
      const headers = { 'x-forwarded-host': host, 'x-forwarded-proto': proto }
      return (await proxy.fetch('/gh/mcp', { headers })).status
    }

    assert.equal(await ask('mcp.example.com'), 401)
    assert.equal(await ask('mcp.example.com:443'), 401)
    assert.equal(await ask('other.example.com:8443'), 401)
    assert.equal(await ask('mcp.example.com', 'http'), 421)
    assert.equal(await ask('mcp.example.com:1'), 421)
    assert.equal(await ask('other.example.com'), 421)
  })

  it('are loopback ones on a loopback listener, unless a trusted proxy forwards another', async () => {
    const proxy = await start()
    const ask = async (host: string, headers: Given = {}) =>
      (await proxy.fetch(`http://${host}/gh/mcp`, { headers })).status

    for (const host of ['localhost:4000', '127.0.0.1:1', '127.9.9.9', '[::1]:4000'])
      assert.equal(await ask(host), 401, host)
    for (const host of ['evil.test:4000', 'localhost.evil.test', '10.0.0.1'])
      assert.equal(await ask(host), 421, host)
    assert.equal(await ask('localhost:4000', { 'x-forwarded-host': 'mcp.example.com' }), 401)
  })
})
