import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Config } from '../../src/config/config.ts'
import { oauthServer, startProxy, type TestProxy } from '../support/proxy.ts'

const STRANGER = '203.0.113.7'

function start(config: Partial<Config> = {}): Promise<TestProxy> {
  return startProxy({ servers: [oauthServer('gh')], config })
}

/** The lines that name a setting. */
function hintsAt({ log }: TestProxy, setting: string) {
  return log.filter(({ message }) => message.includes(setting))
}

/** Each way to run into a setting, and what its line says beside the peer. */
const WAYS = [
  {
    what: 'forwarded headers from a peer that is not trusted',
    setting: 'trusted_proxies',
    peer: STRANGER,
    headers: { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test' },
    details: {},
  },
  {
    what: 'forwarded headers that are not configured, from a trusted peer',
    setting: 'add it to forwarded_headers',
    peer: '127.0.0.1',
    headers: {
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/evil',
      forwarded: 'host=evil.test',
    },
    details: { headers: 'forwarded, x-forwarded-prefix' },
  },
  {
    what: 'malformed forwarded headers from a trusted peer',
    setting: 'one of those in forwarded_headers is malformed',
    peer: '127.0.0.1',
    headers: { 'x-forwarded-host': 'evil.test/' },
    details: {},
  },
  {
    what: 'a host that is not allowed',
    setting: 'allowed_hosts',
    peer: STRANGER,
    headers: { host: 'evil.test' },
    details: { host: 'evil.test' },
  },
] as const

describe('the log of what a setting would change', () => {
  for (const { what, setting, peer, headers, details } of WAYS) {
    const host = 'host' in headers ? headers.host : 'localhost:4000'
    const url = `http://${host}/gh/mcp`

    it(`has one line for ${what}, which names the peer`, async () => {
      const proxy = await start()

      for (let time = 0; time < 3; time++) await proxy.fetch(url, { headers, peer })

      const [line, ...others] = hintsAt(proxy, setting)
      assert.deepEqual(others, [])
      assert.equal(line?.level, 'warning')
      assert.deepEqual(line?.details, { peer, ...details })
    })

    it(`has no other line for ${what}`, async () => {
      const proxy = await start()

      await proxy.fetch(url, { headers, peer })

      assert.equal(proxy.log.filter(({ level }) => level === 'warning').length, 1)
    })

    it(`has one line for each network with ${what}`, async () => {
      const everybody = ['0.0.0.0/0', '::/0']
      const trusted = peer === STRANGER ? {} : { trustedProxies: everybody }
      const proxy = await start(trusted)

      for (const other of ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', '198.51.100.1'])
        await proxy.fetch(url, { headers, peer: other })

      assert.deepEqual(
        hintsAt(proxy, setting).map((line) => line.details['peer']),
        ['2001:db8::1', '2001:db8:0:1::1', '198.51.100.1'],
      )
    })
  }

  it('has a line for each setting that one peer runs into', async () => {
    const proxy = await start({ allowedHosts: ['mcp.example.com'] })

    await proxy.fetch('/gh/mcp', { headers: { 'x-forwarded-host': 'a.test' }, peer: STRANGER })

    assert.equal(hintsAt(proxy, 'trusted_proxies').length, 1)
    assert.equal(hintsAt(proxy, 'allowed_hosts').length, 1)
  })

  it('does not forget a peer that keeps asking, however many others come', async () => {
    const proxy = await start()
    const ask = (peer: string) =>
      proxy.fetch('http://evil.test/gh/mcp', { peer, headers: { host: 'evil.test' } })

    for (let at = 0; at < 1_500; at++) {
      await ask(STRANGER)
      await ask(`198.18.${at >> 8}.${at & 255}`)
    }

    const lines = hintsAt(proxy, 'allowed_hosts')
    assert.equal(lines.filter(({ details }) => details['peer'] === STRANGER).length, 1)
  })

  it('says that a header may come from a client and not from the proxy', async () => {
    const proxy = await start()

    await proxy.fetch('/gh/mcp', { headers: { 'x-forwarded-prefix': '/evil' } })

    assert.match(
      proxy.log[0]?.message ?? '',
      /if your proxy sets it itself, add it to forwarded_headers; otherwise have the proxy remove it$/,
    )
  })

  it('has nothing of headers that are configured, or that public_url makes needless', async () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'mcp.example.com' }
    const plain = await start()
    const fixed = await start({ publicUrl: 'https://mcp.example.com' })

    await plain.fetch('/gh/mcp', { headers })
    await fixed.fetch('/gh/mcp', { headers: { ...headers, forwarded: 'host=x' } })
    await fixed.fetch('/gh/mcp', { headers, peer: STRANGER })

    assert.deepEqual([...plain.log, ...fixed.log], [])
  })

  it('has a line for each refused host of a front end, eight at most', async () => {
    const proxy = await start()

    for (let at = 0; at < 12; at++) {
      await proxy.fetch(`http://h${at}.test/gh/mcp`, {
        headers: { host: `h${at}.test` },
        peer: STRANGER,
      })
    }

    const hosts = hintsAt(proxy, 'allowed_hosts').map(({ details }) => details['host'])
    assert.deepEqual(
      hosts,
      Array.from({ length: 8 }, (_, at) => `h${at}.test`),
    )
  })
})
