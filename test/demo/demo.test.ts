import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createDemoUser, ORIGIN } from './demo-user.ts'

describe('GET /.well-known/oauth-authorization-server', () => {
  it('names the issuer and its endpoints', async () => {
    const { demo } = createDemoUser()

    const url = `${ORIGIN}/.well-known/oauth-authorization-server`
    const metadata = await (await demo.fetch(new Request(url))).json()

    assert.equal(metadata.issuer, ORIGIN)
    assert.equal(metadata.token_endpoint, `${ORIGIN}/token`)
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256'])
  })
})

describe('createDemo', () => {
  it('refuses another host, as DNS rebinding sends it', async () => {
    const { demo } = createDemoUser()

    assert.equal((await demo.fetch(new Request('http://evil.test/authorize'))).status, 421)
  })

  for (const origin of ['https://evil.test', 'null']) {
    it(`refuses a form from ${origin}`, async () => {
      const { demo } = createDemoUser()
      const init = { method: 'POST', body: '', headers: { Origin: origin } }

      assert.equal((await demo.fetch(new Request(`${ORIGIN}/login`, init))).status, 403)
    })
  }

  it('serves the official SDK client: list, call, progress', async () => {
    const { demo, fetchCode, fetchTokens } = createDemoUser()
    const { access_token } = await fetchTokens(await fetchCode())
    const transport = new StreamableHTTPClientTransport(new URL(`${ORIGIN}/mcp`), {
      fetch: (url, init) => demo.fetch(new Request(url, init)),
      requestInit: { headers: { Authorization: `Bearer ${access_token}` } },
    })
    const client = new Client({ name: 'test', version: '1' })
    const steps: (string | undefined)[] = []

    await client.connect(transport)
    const { tools } = await client.listTools()
    const sum = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } })
    const countdown = { name: 'countdown', arguments: { from: 3, delayMs: 0 } }
    const onprogress = ({ message }: { message?: string | undefined }) => steps.push(message)
    const counted = await client.callTool(countdown, undefined, { onprogress })
    await client.close()

    assert.deepEqual(
      tools.map(({ name }) => name),
      ['whoami', 'add', 'countdown'],
    )
    assert.deepEqual(sum.content, [{ type: 'text', text: '5' }])
    assert.deepEqual(steps, ['3', '2', '1'])
    assert.deepEqual(counted.content, [{ type: 'text', text: 'Counted down from 3.' }])
  })
})
