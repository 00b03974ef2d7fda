import type { ProviderConfig } from '../config/config.ts'
import { createDemo } from '../demo/demo.ts'
import type { Platform } from '../platform/platform.ts'

/** A demo that runs beside the proxy. */
export interface StartedDemo {
  /** Its MCP endpoint. */
  readonly url: string
  readonly provider: ProviderConfig
  close(): Promise<void>
}

/** Starts the demo's provider and MCP server on a free loopback port. */
export async function startDemo(platform: Platform): Promise<StartedDemo> {
  const host = '127.0.0.1'
  let answer: (request: Request) => Promise<Response> = async () =>
    new Response(null, { status: 503 })
  const listener = await platform.listen({ host, port: 0, app: (request) => answer(request) })
  const origin = `http://${host}:${listener.port}`
  const demo = createDemo({ origin, now: Date.now })
  answer = demo.fetch
  return {
    url: `${origin}/mcp`,
    provider: {
      key: 'demo',
      authorizationUrl: `${origin}/authorize`,
      tokenUrl: `${origin}/token`,
      issuer: origin,
      namesIssuer: true,
      client: {
        clientId: demo.clientId,
        clientSecret: demo.clientSecret,
        method: 'client_secret_basic',
      },
      scopes: [],
      authorizationParams: {},
      tokenParams: {},
    },
    close: () => listener.close(),
  }
}
