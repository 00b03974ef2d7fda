import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Child } from '../support/child.ts'
import { signIn } from '../support/mcp-client.ts'
import { nginxIsMissing, startCachingNginx, startNginx } from '../support/nginx.ts'
import { createTlsFetch } from '../support/tls-fetch.ts'
import { RUNTIMES, serve } from './runtimes.ts'

const CONFIG = `
allowed_hosts: [localhost]
secret_keys: [a-secret-of-at-least-32-bytes-for-the-tests]
mcp_servers:
  demo: { url: 'builtin:demo', auth_type: oauth2 }
`

describe('behind a real nginx with TLS', { skip: nginxIsMissing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let proxy: { readonly child: Child; readonly base: string }
  let nginx: { readonly child: Child; readonly base: string }
  let tls: ReturnType<typeof createTlsFetch>

  before(async () => {
    const [runtime] = RUNTIMES
    assert.ok(runtime)
    const config = join(folder, 'config.yaml')
    writeFileSync(config, CONFIG)
    proxy = await serve(runtime, config)
    nginx = await startNginx(folder, proxy.base)
    tls = createTlsFetch(readFileSync(join(folder, 'localhost.pem'), 'utf8'))
  })

  after(async () => {
    await tls?.close()
    await nginx?.child.stop()
    await proxy?.child.stop()
    rmSync(folder, { recursive: true })
  })

  it('signs in and streams by the public address only', async () => {
    const signedIn = await signIn(`${nginx.base}/demo/mcp`, { fetch: tls.fetch })
    const progress: number[] = []

    await signedIn.client.callTool(
      { name: 'countdown', arguments: { from: 3, delayMs: 50 } },
      undefined,
      { onprogress: (event) => progress.push(event.progress) },
    )

    assert.equal(progress.length, 3)
    assert.ok(
      signedIn.origins.every((origin) => origin === nginx.base),
      signedIn.origins.join(),
    )
    await signedIn.client.close()
  })

  it('names the public address in every document and challenge', async () => {
    const challenged = await tls.fetch(`${nginx.base}/demo/mcp`, { method: 'POST' })
    assert.match(
      challenged.headers.get('www-authenticate') ?? '',
      new RegExp(`resource_metadata="${nginx.base}/`),
    )
    for (const path of ['oauth-protected-resource/demo/mcp', 'oauth-authorization-server/demo']) {
      const text = await (await tls.fetch(`${nginx.base}/.well-known/${path}`)).text()
      assert.ok(!text.includes(new URL(proxy.base).port), text)
      assert.ok(text.includes(nginx.base), text)
    }
  })

  it('is not led astray by headers of the client that nginx passes on', async () => {
    const headers = {
      Forwarded: 'host=evil.example;proto=http',
      'X-Forwarded-Prefix': '/evil',
      'X-Forwarded-Host': 'evil.example',
      X_Forwarded_Host: 'evil.example',
      'X-Forwarded-Ssl': 'off',
    }

    const response = await tls.fetch(
      `${nginx.base}/.well-known/oauth-protected-resource/demo/mcp`,
      {
        headers,
      },
    )

    assert.match(await response.text(), new RegExp(`"resource":"${nginx.base}/demo/mcp"`))
  })
})

describe('behind an nginx that keeps answers', { skip: nginxIsMissing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let proxy: { readonly child: Child; readonly base: string }
  let nginx: { readonly child: Child; readonly base: string }

  before(async () => {
    const [runtime] = RUNTIMES
    assert.ok(runtime)
    const config = join(folder, 'config.yaml')
    // It believes whatever host comes from this machine.
    writeFileSync(config, CONFIG.replace(/allowed_hosts.*/, ''))
    proxy = await serve(runtime, config)
    nginx = await startCachingNginx(folder, proxy.base)
  })

  after(async () => {
    await nginx?.child.stop()
    await proxy?.child.stop()
    rmSync(folder, { recursive: true })
  })

  const EVIL = { 'X-Forwarded-Host': 'evil.test' }
  for (const [path, headers, names] of [
    ['/.well-known/oauth-protected-resource/demo/mcp', EVIL, true],
    ['/.well-known/oauth-authorization-server/demo', EVIL, true],
    ['/.well-known/openid-configuration', EVIL, true],
    ['/demo/mcp', EVIL, true],
    ['/demo/authorize', EVIL, false],
    ['/demo/callback', EVIL, false],
    ['/demo/client-metadata.json', EVIL, false],
    ['/nowhere', EVIL, false],
    ['/demo/mcp;x', EVIL, false],
    ['/.well-known/oauth-protected-resource', { Authorization: 'Bearer a, Bearer b' }, false],
  ] as const) {
    it(`leaves no trace of one client's ${path} in another's`, async () => {
      const poisoned = await fetch(`${nginx.base}${path}`, { headers, redirect: 'manual' })
      const answer = await wholeOf(poisoned)
      assert.equal(answer.includes('evil.test'), names, answer)

      const clean = await fetch(`${nginx.base}${path}`, { redirect: 'manual' })

      assert.equal(clean.headers.get('x-cache'), 'MISS')
      assert.ok(clean.status < 500)
      assert.ok(!(await wholeOf(clean)).includes('evil.test'))
    })
  }
})

async function wholeOf(response: Response): Promise<string> {
  return `${JSON.stringify([...response.headers])}${await response.text()}`
}
