import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { createBrowser } from '../support/browser.ts'
import { findFreePort, start } from '../support/child.ts'
import { createProvider, REDIRECT_URI } from '../support/modern-client.ts'

// The conformance suite runs this as its client under test: a real SDK client that reaches the
// suite's mock server only through the proxy, whose own requests the suite then judges.

const SIGN_INS = 2

const [, , ...args] = process.argv
const serverUrl = args.at(-1) ?? ''
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? ''
const version = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION']
const context: Record<string, string> = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}')

const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
const port = await findFreePort()
const config = join(folder, 'config.yaml')
writeFileSync(config, configFor())
const program = resolve('dist/mcp-oauth-proxy.mjs')
const proxy = start(process.execPath, [program, '--config', config, '--port', String(port)])

let status = 1
try {
  await proxy.waitFor(/listens on/)
  await use(`http://localhost:${port}/mcp`)
  status = 0
} catch (error) {
  console.error(error)
} finally {
  console.error(proxy.output())
  await proxy.stop()
  rmSync(folder, { recursive: true })
}
process.exit(status)

/** The server by its URL alone, but for what a scenario gives the client beforehand. */
function configFor(): string {
  const isMachine = scenario.startsWith('auth/client-credentials')
  const entry = {
    url: serverUrl,
    auth_type: isOpen(scenario) ? 'none' : 'oauth2',
    ...(isOpen(scenario) ? { access: 'open' } : {}),
    ...(isMachine ? { oauth2_flow: 'client_credentials', access: 'open' } : {}),
    ...clientOf(),
  }
  return JSON.stringify({
    secret_keys: ['k'.repeat(43)],
    consent: 'never',
    root: 's',
    mcp_servers: { s: entry },
  })
}

function isOpen(name: string): boolean {
  return !name.startsWith('auth/')
}

function clientOf(): Record<string, string> {
  // The document that the suite stands for; our own would need a public address.
  if (scenario === 'auth/basic-cimd') {
    return { client_id: 'https://conformance-test.local/client-metadata.json' }
  }
  const { client_id, client_secret, private_key_pem, signing_algorithm } = context
  if (client_id === undefined) return {}
  if (private_key_pem !== undefined) {
    return {
      client_id,
      client_private_key: private_key_pem,
      token_endpoint_auth_signing_alg: signing_algorithm ?? 'ES256',
    }
  }
  return {
    client_id,
    ...(client_secret === undefined
      ? {}
      : { client_secret, token_endpoint_auth_method: 'client_secret_basic' }),
  }
}

/** Connects, lists the tools and calls one, signing in whenever that is asked for. */
async function use(url: string): Promise<void> {
  const { provider, authorizationUrl } = createProvider()
  const transport = () =>
    new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
  const browser = createBrowser()
  let current = transport()
  let client = new Client({ name: 'conformance', version: '1' }, negotiation())
  const withSignIn = async <T>(act: () => Promise<T>): Promise<T> => {
    for (let count = 0; ; count++) {
      try {
        return await act()
      } catch (error) {
        if (!(error instanceof UnauthorizedError) || count >= SIGN_INS) throw error
        const answer = await browser.visit(authorizationUrl(), (at) =>
          at.href.startsWith(REDIRECT_URI),
        )
        await current.finishAuth(answer.searchParams)
      }
    }
  }
  await withSignIn(async () => {
    current = transport()
    client = new Client({ name: 'conformance', version: '1' }, negotiation())
    await client.connect(current)
  })
  const { tools } = await withSignIn(() => client.listTools())
  const [tool] = tools
  if (tool !== undefined) {
    const numbers = scenario === 'tools_call' ? { a: 5, b: 3 } : {}
    await withSignIn(() => client.callTool({ name: tool.name, arguments: numbers }))
  }
  await client.close()
}

function negotiation(): ConstructorParameters<typeof Client>[1] {
  return version === '2026-07-28' ? { versionNegotiation: { mode: 'auto' } } : {}
}
