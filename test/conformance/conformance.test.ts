import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { build } from 'esbuild'
import { RUNTIMES, serve } from '../runtimes/runtimes.ts'
import { createBrowser } from '../support/browser.ts'
import { type Child, findFreePort, start } from '../support/child.ts'
import { startEverything } from '../support/everything.ts'
import { startModernServer } from '../support/modern-server.ts'

const SUITE = 'node_modules/@modelcontextprotocol/conformance/dist/index.js'
const node = Number(process.versions.node.split('.')[0]) >= 22 ? RUNTIMES[0] : RUNTIMES[1]
const skip = node?.isInstalled && existsSync(SUITE) ? false : 'needs Node 22 or newer'

/** The selections that are run, directly and through the proxy. */
const SELECTIONS = [
  ['--suite', 'active'],
  ['--suite', 'draft'],
  ['--suite', 'all'],
  ['--suite', 'all', '--spec-version', '2025-03-26'],
  ['--suite', 'all', '--spec-version', '2025-06-18'],
  ['--requirements', '2025-11-25'],
  ['--requirements', '2026-07-28'],
] as const

describe('the official conformance suite', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const servers: { readonly url: string; close(): Promise<void> }[] = []
  let proxy: { readonly child: Child; readonly base: string }

  before(async () => {
    assert.ok(RUNTIMES[0])
    servers.push(
      await startEverything('streamableHttp', async () => true),
      await startModernServer(),
    )
    const entries = servers.map(
      ({ url }, at) => `  open${at}: { url: '${url}', auth_type: none, access: open }`,
    )
    const config = join(folder, 'config.yaml')
    writeFileSync(
      config,
      `secret_keys: [${'k'.repeat(43)}]
mcp_servers:
  demo: { url: 'builtin:demo', auth_type: oauth2 }
${entries.join('\n')}`,
    )
    proxy = await serve(RUNTIMES[0], config)
  })

  after(async () => {
    await proxy?.child.stop()
    await Promise.all(servers.map((server) => server.close()))
    rmSync(folder, { recursive: true })
  })

  for (const issuer of ['/demo', '']) {
    it(`passes us as an authorization server at ${issuer === '' ? 'the root' : issuer}`, async () => {
      const port = await findFreePort()
      const url = `${proxy.base}${issuer}`
      const suite = run([
        'authorization',
        '--url',
        url,
        '--client-id',
        'demo',
        '--port',
        String(port),
      ])
      const [, start = ''] = await suite.waitFor(/^(http:\S*response_type=code\S*)$/m)
      const callback = `http://127.0.0.1:${port}/callback`

      const answer = await createBrowser().visit(start, (at) => at.href.startsWith(callback))
      await fetch(answer)

      const [summary] = await suite.waitFor(/^Total: .*$/m)
      assert.equal(summary, 'Total: 3 passed, 0 failed', suite.output())
    })
  }

  for (const [at, name] of ['the reference server', 'a server of 2026-07-28'].entries()) {
    for (const selection of SELECTIONS) {
      it(`finds ${name} the same through us, by ${selection.join(' ')}`, async () => {
        const ask = (url: string) => results(run(['server', '--url', url, ...selection]))
        const [direct, proxied] = await Promise.all([
          ask(servers[at]?.url ?? ''),
          ask(`${proxy.base}/open${at}/mcp`),
        ])

        assert.ok(direct.size > 0)
        judgeRebinding(proxied.get(REBINDING), at === 1 || selection[1] !== '2026-07-28')
        for (const all of [direct, proxied]) all.delete(REBINDING)
        assert.deepEqual(proxied, direct)
      })
    }
  }
})

/** A server that trusts every Host fails it; ours must not. */
const REBINDING = 'dns-rebinding-protection'

/** A server that does not speak the revision fails the half of it that asks something. */
function judgeRebinding(result: string | undefined, isSpoken: boolean): void {
  if (result !== undefined && isSpoken) assert.match(result, /, 0 failed$/)
}

/**
 * The suite's scenarios for clients that judge what we are toward providers. The others say nothing
 * of a proxy: initialize, elicitation, sse-retry, request-metadata, request-state, http-… and
 * json-schema-… judge what the client itself makes of messages, which pass through here unread;
 * dpop and wif-jwt-bearer are drafts that no client of the SDKs passes either, and
 * enterprise-managed-authorization wants an identity assertion that no client could send to us.
 */
const CLIENT_SCENARIOS = [
  'tools_call',
  'auth/metadata-default',
  'auth/metadata-var1',
  'auth/metadata-var2',
  'auth/metadata-var3',
  'auth/basic-cimd',
  'auth/scope-from-www-authenticate',
  'auth/scope-from-scopes-supported',
  'auth/scope-omitted-when-undefined',
  'auth/scope-step-up',
  'auth/scope-retry-limit',
  'auth/token-endpoint-auth-basic',
  'auth/token-endpoint-auth-post',
  'auth/token-endpoint-auth-none',
  'auth/pre-registration',
  'auth/2025-03-26-oauth-metadata-backcompat',
  'auth/2025-03-26-oauth-endpoint-fallback',
  'auth/resource-mismatch',
  'auth/offline-access-scope',
  'auth/offline-access-not-supported',
  'auth/authorization-server-migration',
  'auth/iss-supported',
  'auth/iss-not-advertised',
  'auth/iss-supported-missing',
  'auth/iss-wrong-issuer',
  'auth/iss-unexpected',
  'auth/iss-normalized',
  'auth/metadata-issuer-mismatch',
  'auth/client-credentials-jwt',
  'auth/client-credentials-basic',
] as const

describe('the official conformance suite, of our role toward providers', { skip }, () => {
  const client = join(process.cwd(), 'dist/test/client-role.mjs')

  before(() =>
    build({
      entryPoints: ['test/conformance/client-role.ts'],
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      outfile: client,
    }),
  )

  for (const scenario of CLIENT_SCENARIOS) {
    it(`passes ${scenario}`, async () => {
      const command = `${node?.command} ${client}`
      const args = ['client', '--command', command, '--scenario', scenario, '--timeout', '25000']
      const suite = run(args)

      const [, verdict] = await suite.waitFor(/OVERALL: (\w+)/)

      assert.equal(verdict, 'PASSED', suite.output())
    })
  }
})

function run(args: readonly string[]): Child {
  return start(node?.command ?? '', [SUITE, ...args])
}

/** What the suite found, by scenario. */
async function results(suite: Child): Promise<Map<string, string>> {
  await suite.waitFor(/^Total: .*$/m)
  const lines = suite.output().matchAll(/^[✓✗] ([\w-]+): (\d+ passed, \d+ failed)/gm)
  return new Map([...lines].map(([, scenario = '', result = '']) => [scenario, result]))
}
