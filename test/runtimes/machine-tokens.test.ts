import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { Events, OAuth2Server } from 'oauth2-mock-server'
import { type Child, start } from '../support/child.ts'
import { type GuardedServer, startEverything } from '../support/everything.ts'
import { RUNTIMES, type Runtime, serve } from './runtimes.ts'

const KEY = 'an-access-key-of-the-tests'
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  },
}

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`machine tokens on ${runtime.name}`, { skip }, () => tell(runtime))
}

function tell(runtime: Runtime): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const config = join(folder, 'config.yaml')
  const provider = new OAuth2Server()
  const revoked = new Set<string>()
  let requests = 0
  let server: GuardedServer
  let proxy: { readonly child: Child; readonly base: string }

  before(async () => {
    await provider.issuer.keys.generate('RS256')
    await provider.start(0, '127.0.0.1')
    provider.service.on(Events.BeforeTokenSigning, (token) => {
      requests += 1
      token.payload['jti'] = String(requests)
    })
    const issuer = provider.issuer.url ?? ''
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
    server = await startEverything('streamableHttp', (token) =>
      jwtVerify(token, keys, { issuer }).then(
        () => !revoked.has(token),
        () => false,
      ),
    )
    writeFileSync(
      config,
      `secret_keys: [${'k'.repeat(43)}]
access_keys: [{ name: test, key: ${KEY} }]
mcp_servers:
  jobs:
    url: ${server.url}
    auth_type: oauth2
    oauth2_flow: client_credentials
    token_url: ${issuer}/token
    client_id: jobs
    client_secret: not-to-be-shown
    scopes: [run]
  broken:
    url: ${server.url}
    auth_type: oauth2
    oauth2_flow: client_credentials
    token_url: ${issuer}/nowhere
    client_id: jobs
    client_secret: not-to-be-shown
`,
    )
    proxy = await serve(runtime, config)
  })

  after(async () => {
    await proxy?.child.stop()
    await Promise.all([server?.close(), provider.stop()])
    rmSync(folder, { recursive: true })
  })

  const initialize = (key = KEY, name = 'jobs') =>
    fetch(`${proxy.base}/${name}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify(INITIALIZE),
    })

  it('are fetched once for fifty first calls, and none for a wrong key', async () => {
    assert.equal((await initialize('wrong')).status, 401)
    assert.equal(requests, 0)

    const answers = await Promise.all(Array.from({ length: 50 }, () => initialize()))

    for (const answer of answers) assert.equal(answer.status, 200)
    await Promise.all(answers.map((answer) => answer.body?.cancel()))
    assert.equal(requests, 1)
  })

  it('are replaced when the server refuses them, and the request is sent again', async () => {
    const last = server.credentials.at(-1)?.replace('Bearer ', '') ?? ''
    revoked.add(last)
    const before = requests

    const answers = await Promise.all(Array.from({ length: 10 }, () => initialize()))

    for (const answer of answers) assert.equal(answer.status, 200)
    await Promise.all(answers.map((answer) => answer.body?.cancel()))
    assert.equal(requests, before + 1)
  })

  it('that can not be had are named with server and status, and no secret', async () => {
    const response = await initialize(KEY, 'broken')
    const text = await response.text()

    assert.equal(response.status, 502)
    assert.match(text, /broken.*status 404/)
    assert.ok(!`${text}${proxy.child.output()}`.includes('not-to-be-shown'))
  })

  it('are proved by hand', async () => {
    const run = (...own: string[]) => runAsync(runtime, [...own, '--config', config])
    const shown = await run('token', 'jobs')

    assert.equal(shown.status, 0, shown.output)
    assert.match(shown.output, /scope +run[\s\S]*lifetime +3600 s[\s\S]*lists \d+ tools[\s\S]*echo/)
    assert.ok(!/eyJ|not-to-be-shown/.test(shown.output))
    const checked = await run('check', '--online')
    assert.equal(checked.status, 1)
    assert.match(checked.output, /jobs\n {2}ok {4}the provider gives a token\n {2}ok/)
    assert.match(checked.output, /broken\n {2}FAIL {2}the provider gives no token: status 404/)
    assert.equal((await run('token', 'unknown')).status, 2)
  })
}

/** Runs a command to its end, while this process goes on serving. */
async function runAsync(runtime: Runtime, own: readonly string[]) {
  const child = start(runtime.command, [...runtime.args, ...own])
  const status = await child.ended()
  return { status, output: child.output() }
}
