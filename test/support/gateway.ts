import { createFakeProvider } from './fake-provider.ts'
import { obtainCode, redeem } from './flow.ts'
import { textOf } from './json.ts'
import { oauthServer, openServer, startProxy } from './proxy.ts'
import type { Upstream, UpstreamRequest, UpstreamResponse } from './web-carrier.ts'

/** What an MCP message is. */
export const JSON_TYPE = { 'content-type': 'application/json' }

/** A proxy in front of an upstream that records and answers as told, and a token for `gh`. */
export async function startGateway(
  options: {
    servers?: Parameters<typeof startProxy>[0]['servers']
    config?: Parameters<typeof startProxy>[0]['config']
  } = {},
) {
  const arrived: UpstreamRequest[] = []
  let answer: (request: UpstreamRequest) => UpstreamResponse | Promise<UpstreamResponse> = () => ({
    status: 200,
    headers: [['content-type', 'application/json']],
    body: new Blob(['{}']).stream(),
  })
  const upstream: Upstream = async (request) => {
    arrived.push(request)
    return answer(request)
  }
  const servers = options.servers ?? [
    oauthServer('gh', {}, { extraHeaders: ['x-trace'], staticHeaders: [['X-Org', 'acme']] }),
    oauthServer('jira'),
    openServer('open'),
  ]
  const proxy = await startProxy({
    servers,
    upstream,
    fetch: createFakeProvider().fetch,
    config: options.config ?? {},
  })
  const { code } = await obtainCode(proxy)
  const token = await textOf(await redeem(proxy, code), 'access_token')
  const post = (headers: Record<string, string> = {}, path = '/gh/mcp') =>
    proxy.fetch(path, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}`, ...headers },
      body: '{}',
    })
  return {
    proxy,
    token,
    post,
    arrived,
    answer: (next: typeof answer) => {
      answer = next
    },
  }
}

/** An answer of the upstream. */
export function upstreamAnswer(
  status: number,
  headers: readonly (readonly [string, string])[] = [],
  body = '',
): UpstreamResponse {
  return { status, headers, body: new Blob([body]).stream() }
}
