import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UpstreamError } from '../../src/gateway/upstream.ts'
import { JSON_TYPE, startGateway } from '../support/gateway.ts'
import { ORIGIN } from '../support/proxy.ts'

describe('what goes upstream', () => {
  it('has the headers of the list, and our credential in place of the client’s', async () => {
    const { post, arrived } = await startGateway()
    await post({
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'mcp-session-id': 's',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': '=?base64?eA==?=',
      'mcp-param-x': 'y',
      'last-event-id': '7',
      'user-agent': 'agent',
      traceparent: 't',
      'x-trace': 'mine',
      'x-org': 'evil',
    })

    const headers = Object.fromEntries(
      (arrived[0]?.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]),
    )
    assert.deepEqual(headers, {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'content-type': 'application/json',
      'mcp-session-id': 's',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': '=?base64?eA==?=',
      'mcp-param-x': 'y',
      'last-event-id': '7',
      'user-agent': 'agent',
      traceparent: 't',
      'x-trace': 'mine',
      'x-org': 'acme',
      authorization: 'Bearer provider-access-1',
    })
  })

  it('has none that names hops, cookies or identities', async () => {
    const { post, arrived } = await startGateway()
    await post({
      cookie: 'a=b',
      connection: 'close, authorization, x-org, mcp-session-id',
      'proxy-authorization': 'x',
      'x-forwarded-user': 'x',
      'x-auth-request-email': 'x',
      'x-real-ip': 'x',
      remote_user: 'x',
      forwarded: 'for=x',
      'x-forwarded-for': 'x',
      te: 'trailers',
      upgrade: 'h2c',
      origin: ORIGIN,
      'mcp-session-id': 's',
    })

    const names = (arrived[0]?.headers ?? []).map(([name]) => name.toLowerCase()).sort()
    assert.deepEqual(names, ['authorization', 'content-type', 'x-org'])
  })

  it('goes to the configured address with the query as it came', async () => {
    const { post, arrived } = await startGateway()

    await post({}, '/gh/mcp?a=%2e%2e&b=/../&c=+&a=2')

    assert.equal(arrived[0]?.url, 'https://gh.upstream.example/mcp?a=%2e%2e&b=/../&c=+&a=2')
  })

  it('is refused beyond 16 MiB, declared or counted', async () => {
    const { proxy, token, answer } = await startGateway()
    const ask = (body: ReadableStream<Uint8Array> | string, headers: Record<string, string> = {}) =>
      proxy.fetch('/gh/mcp', {
        method: 'POST',
        headers: { ...JSON_TYPE, authorization: `Bearer ${token}`, ...headers },
        body,
        ...(typeof body === 'string' ? {} : { duplex: 'half' }),
      } as RequestInit)
    answer(async ({ body, signal }) => {
      for await (const chunk of body instanceof ReadableStream ? body : []) assert.ok(chunk)
      assert.ok(signal.aborted)
      throw new UpstreamError('unreachable')
    })

    assert.equal((await ask('{}', { 'content-length': String(16 * 1024 * 1024 + 1) })).status, 413)
    const chunk = new Uint8Array(1024 * 1024)
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1
        if (sent > 18) controller.close()
        else controller.enqueue(chunk)
      },
    })
    assert.equal((await ask(endless)).status, 413)
  })
})
