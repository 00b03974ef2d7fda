import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '../support/gateway.ts'
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
})
