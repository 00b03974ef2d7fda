import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UpstreamError } from '../../src/gateway/upstream.ts'
import { startGateway, upstreamAnswer } from '../support/gateway.ts'
import { jsonOf } from '../support/json.ts'
import type { UpstreamResponse } from '../support/web-carrier.ts'

describe('what comes back', () => {
  it('has status, body and the headers of the list, and no policy of the upstream’s', async () => {
    const { post, answer } = await startGateway()
    answer(() =>
      upstreamAnswer(
        404,
        [
          ['Content-Type', 'application/json'],
          ['Mcp-Session-Id', 's'],
          ['Retry-After', '3'],
          ['Set-Cookie', 'a=b'],
          ['Location', 'https://evil.test'],
          ['Strict-Transport-Security', 'max-age=1'],
          ['Access-Control-Allow-Origin', 'https://evil.test'],
          ['Access-Control-Allow-Credentials', 'true'],
          ['Content-Security-Policy', 'default-src *'],
          ['Clear-Site-Data', '*'],
          ['Server', 'x'],
          ['Alt-Svc', 'x'],
          ['Link', 'x'],
          ['Refresh', '0'],
          ['WWW-Authenticate', 'Bearer realm="x"'],
          ['Connection', 'x-secret, mcp-name'],
          ['Mcp-Name', 'x'],
        ],
        '{"error":-32601}',
      ),
    )

    const response = await post()

    assert.equal(response.status, 404)
    assert.equal(await response.text(), '{"error":-32601}')
    assert.deepEqual(Object.fromEntries(response.headers), {
      'access-control-allow-origin': '*',
      'access-control-expose-headers':
        'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After',
      'content-type': 'application/json',
      'mcp-session-id': 's',
      'retry-after': '3',
      'x-content-type-options': 'nosniff',
    })
  })

  it('tells proxies in front not to buffer events', async () => {
    const { post, answer } = await startGateway()
    answer(() =>
      upstreamAnswer(200, [['content-type', 'text/event-stream']], 'event: endpoint\ndata: /x\n\n'),
    )

    const response = await post()

    assert.equal(response.headers.get('x-accel-buffering'), 'no')
    assert.equal(response.headers.get('cache-control'), 'no-cache, no-transform')
    assert.equal(await response.text(), 'event: endpoint\ndata: /x\n\n')
  })

  const meanings: readonly (readonly [
    expected: number,
    what: string,
    answer: () => UpstreamResponse | Promise<UpstreamResponse>,
    challenge?: RegExp,
  ])[] = [
    [
      401,
      '401',
      () => upstreamAnswer(401, [['www-authenticate', 'Bearer realm="secret"']], 'secret'),
      /^Bearer error="invalid_token", resource_metadata="http:\/\/localhost:4000\/[^"]*", scope="read write"$/,
    ],
    [
      403,
      '403 for want of scope',
      () =>
        upstreamAnswer(403, [
          [
            'www-authenticate',
            'Bearer error="insufficient_scope", scope="admin", resource_metadata="https://evil.test/"',
          ],
        ]),
      /^Bearer error="insufficient_scope", resource_metadata="http:\/\/localhost:4000\/[^"]*", scope="admin"$/,
    ],
    [403, 'another 403', () => upstreamAnswer(403, [], 'no')],
    [502, 'a redirect', () => upstreamAnswer(307, [['location', 'https://evil.test']])],
    [502, 'a refusal to connect', () => Promise.reject(new UpstreamError('unreachable'))],
    [504, 'nothing for too long', () => Promise.reject(new UpstreamError('slow'))],
    [202, '202', () => upstreamAnswer(202)],
    [204, '204', () => ({ status: 204, headers: [], body: null })],
    [500, '500', () => upstreamAnswer(500, [], 'theirs')],
  ]
  for (const [expected, what, give, challenge] of meanings) {
    it(`is ${expected} for ${what}`, async () => {
      const { post, answer } = await startGateway()
      answer(give)

      const response = await post()

      assert.equal(response.status, expected)
      assert.equal(response.headers.get('location'), null)
      if (challenge === undefined) assert.equal(response.headers.get('www-authenticate'), null)
      else assert.match(response.headers.get('www-authenticate') ?? '', challenge)
      assert.doesNotMatch(await response.text(), /secret|evil/)
    })
  }

  it('is 500 without a word of the cause where we fail ourselves', async () => {
    const { post, proxy, answer } = await startGateway()
    answer(() => Promise.reject(new Error('secret cause')))

    const response = await post()

    assert.equal(response.status, 500)
    assert.equal((await jsonOf(response))['error'], 'server_error')
    assert.doesNotMatch(JSON.stringify(proxy.log), /secret cause/)
  })
})
