import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Report } from '../../src/doctor/report.ts'
import { createBrowser } from '../support/browser.ts'
import { makeCertificate } from '../support/certificate.ts'
import { type Child, findFreePort } from '../support/child.ts'
import { portOf } from '../support/proxy.ts'
import { RUNTIMES, type Runtime, serve, startProgram } from './runtimes.ts'

const CONFIG = `
secret_keys: [a-secret-of-at-least-32-bytes-for-the-tests]
mcp_servers:
  demo: { url: 'builtin:demo', auth_type: oauth2 }
  refused: { url: 'http://127.0.0.1:9/mcp', auth_type: none, access: open }
`

const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
const { pem, key } = makeCertificate(folder)
const tls = createServer({ cert: readFileSync(pem), key: readFileSync(key) })
let proxy: { readonly child: Child; readonly base: string }

before(async () => {
  const [runtime] = RUNTIMES
  assert.ok(runtime)
  const config = join(folder, 'config.yaml')
  writeFileSync(config, CONFIG)
  proxy = await serve(runtime, config)
  tls.listen(0, '127.0.0.1')
  await once(tls, 'listening')
})

after(async () => {
  await proxy?.child.stop()
  tls.close()
  rmSync(folder, { recursive: true })
})

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`doctor on ${runtime.name}`, { skip }, () => tell(runtime))
}

function tell(runtime: Runtime): void {
  it('ends with 0 where all is well', async () => {
    const child = startProgram(runtime, ['doctor', `${proxy.base}/demo/mcp`])

    assert.equal(await child.ended(), 0, child.output())
    assert.match(child.output(), /^✓ registration +registered /m)
    assert.match(child.output(), /^✓ VS Code +gets through$/m)
    assert.doesNotMatch(child.output(), /✗/)
  })

  it('ends with 1 and the cause where something failed', async () => {
    const url = `${proxy.base}/nobody/mcp`
    const child = startProgram(runtime, ['doctor', url, '--json'])

    assert.equal(await child.ended(), 1)
    const report: Report & { readonly well: boolean } = JSON.parse(child.output())
    assert.equal(report.well, false)
    assert.equal(report.steps[0]?.mark, 'failed')
    assert.match(report.steps[0]?.cause ?? '', /no MCP server answers at this path/)
  })

  it('says what is wrong with a certificate, and where nobody listens', async () => {
    const closed = await findFreePort()
    for (const [url, seen] of [
      [`https://localhost:${portOf(tls)}/mcp`, /certificate not trusted/],
      [`https://localhost:${new URL(proxy.base).port}/mcp`, /TLS failed/],
      [`http://127.0.0.1:${closed}/mcp`, /connection refused/],
    ] as const) {
      const child = startProgram(runtime, ['doctor', url])
      assert.equal(await child.ended(), 1)
      assert.match(child.output(), seen)
    }
  })

  it('ends with 2 for a URL that no client could use', async () => {
    for (const words of [[], ['nonsense'], ['http://mcp.example.com/mcp'], ['https://u:p@h/mcp']]) {
      const child = startProgram(runtime, ['doctor', ...words])
      assert.equal(await child.ended(), 2)
      assert.match(child.output(), /^(?:Missing|Unusable) URL: /)
    }
  })

  it('signs in by the browser, uses the token, and never shows it', async () => {
    const opened = join(mkdtempSync(join(folder, 'browser-')), 'opened')
    const script = `${opened}.sh`
    writeFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$#" "$1" > ${opened}\n`)
    chmodSync(script, 0o755)
    const words = ['doctor', `${proxy.base}/demo/mcp`, '--login']
    const call = ['--call', 'countdown', '--arguments', '{"from":4,"delayMs":150}']
    const child = startProgram(runtime, [...words, ...call], { BROWSER: script })
    const [, url = ''] = await child.waitFor(/^ {2}(http:\S+)$/m)

    const isBack = (at: URL) => at.pathname === '/callback' && at.searchParams.has('code')
    const back = await createBrowser().visit(url, isBack)
    const page = await (await fetch(back)).text()
    const status = await child.ended()

    assert.match(page, /close this window/)
    assert.equal(status, 0, child.output())
    for (const step of ['authorize', 'token', 'handshake', 'tools', 'stream', 'refresh']) {
      assert.match(child.output(), new RegExp(`^✓ ${step}\\b`, 'm'))
    }
    assert.doesNotMatch(child.output(), /access_token|Bearer /)
    // Deno starts no program unless it is told that it may.
    const isDeno = runtime.args.includes('run')
    assert.equal(existsSync(opened), !isDeno)
    if (!isDeno) assert.equal(readFileSync(opened, 'utf8'), `1\n${url}\n`)
  })
}
