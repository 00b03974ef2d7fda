import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { JSON_TYPE, startGateway, upstreamAnswer } from '../support/gateway.ts'
import { ORIGIN } from '../support/proxy.ts'

async function startStream(endpoint: string, mount = '/gh/mcp') {
  const gateway = await startGateway()
  gateway.answer(() =>
    upstreamAnswer(
      200,
      [['content-type', 'text/event-stream']],
      `event: endpoint\ndata: ${endpoint}\n\n`,
    ),
  )
  const headers = { authorization: `Bearer ${gateway.token}`, accept: 'text/event-stream' }
  const stream = await gateway.proxy.fetch(mount, { headers })
  return { ...gateway, stream }
}

describe('a legacy stream', () => {
  for (const mount of ['/gh/mcp', '/mcp/gh']) {
    it(`at ${mount} names our own address, whose messages reach the upstream's`, async () => {
      const { proxy, stream, token, arrived, answer } = await startStream(
        '/messages?sessionId=1',
        mount,
      )
      const [, url = ''] = /data: (\S+)/.exec(await stream.text()) ?? []
      assert.ok(url.startsWith(`${ORIGIN}${mount}/messages/`), url)
      answer(() => upstreamAnswer(202))
      const post = (to: string, headers: Record<string, string> = {}) =>
        proxy.fetch(to, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: '{}' })
      const authorization = `Bearer ${token}`

      assert.equal((await post(url, { authorization })).status, 202)
      assert.equal(arrived.at(-1)?.url, 'https://gh.upstream.example/messages?sessionId=1')
      const count = arrived.length
      assert.equal((await post(url)).status, 401)
      assert.equal((await post(`${url.slice(0, -3)}AAA`, { authorization })).status, 404)
      assert.equal((await post(url.replace('gh', 'jira'), { authorization })).status, 404)
      assert.equal(arrived.length, count)
    })
  }

  for (const endpoint of [
    'https://evil.test/x',
    '//evil.test/x',
    'javascript:alert(1)',
    'http://gh.upstream.example/x',
  ]) {
    it(`ends where it names ${endpoint}`, async () => {
      const { stream } = await startStream(endpoint)

      await assert.rejects(stream.text())
    })
  }

  it('passes with another first event as it is', async () => {
    const gateway = await startGateway()
    const text = 'id: 1\nretry: 5\ndata:\n\nevent: endpoint\ndata: /x\n\n'
    gateway.answer(() =>
      upstreamAnswer(200, [['content-type', 'text/event-stream; charset=utf-8']], text),
    )

    const response = await gateway.proxy.fetch('/gh/mcp', {
      headers: { authorization: `Bearer ${gateway.token}` },
    })

    assert.equal(await response.text(), text)
  })
})
