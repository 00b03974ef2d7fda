import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeCertificate } from '../support/certificate.ts'
import { type Child, findFreePort } from '../support/child.ts'
import { FRONT_ENDS, type FrontEnd, type Recipe } from '../support/front-ends.ts'
import { signIn } from '../support/mcp-client.ts'
import { createTlsFetch } from '../support/tls-fetch.ts'
import { RUNTIMES, serve } from './runtimes.ts'

/** What a front end is like, and by which address a client then reaches the server. */
interface Shape {
  readonly name: string
  readonly kinds: readonly Recipe['kind'][]
  readonly path: string
  readonly host?: string
  readonly isHttp2?: boolean
}

const SHAPES: readonly Shape[] = [
  { name: 'with TLS on another port', kinds: ['plain'], path: '/demo/mcp' },
  { name: 'over HTTP/2', kinds: ['plain'], path: '/demo/mcp', isHttp2: true },
  { name: 'with a prefix that it keeps', kinds: ['kept'], path: '/llm/demo/mcp' },
  { name: 'with a prefix that it strips', kinds: ['stripped'], path: '/llm/demo/mcp' },
  { name: 'before another one', kinds: ['plain', 'inner'], path: '/demo/mcp' },
  {
    name: 'with a host for a server',
    kinds: ['plain'],
    path: '/mcp',
    host: 'demo.mcp.example.com',
  },
]

const HOSTILE = {
  Forwarded: 'host=evil.example;proto=http',
  'X-Forwarded-Prefix': '/evil',
  'X-Forwarded-Port': '1',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'http',
  X_Forwarded_Host: 'evil.example',
}

for (const frontEnd of FRONT_ENDS) {
  describe(`behind ${frontEnd.name}`, { skip: frontEnd.isMissing }, () => tell(frontEnd))
}

function tell(frontEnd: FrontEnd): void {
  for (const shape of SHAPES) describe(shape.name, () => tellOf(frontEnd, shape))
}

function tellOf(frontEnd: FrontEnd, shape: Shape): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const children: Child[] = []
  let base: string
  let tls: ReturnType<typeof createTlsFetch>

  before(async () => {
    const [runtime] = RUNTIMES
    assert.ok(runtime)
    const config = join(folder, 'config.yaml')
    writeFileSync(config, configOf(shape))
    const proxy = await serve(runtime, config)
    children.push(proxy.child)
    const certificate = certify(folder)
    let upstream = new URL(proxy.base).host
    for (const kind of shape.kinds.toReversed()) {
      const port = await findFreePort()
      children.unshift(await frontEnd.start({ folder, kind, port, upstream, certificate }))
      upstream = `127.0.0.1:${port}`
    }
    const isHttp2 = shape.isHttp2 === true
    tls = createTlsFetch(readFileSync(certificate.pem, 'utf8'), { isLocal: true, isHttp2 })
    base = `https://${shape.host ?? 'mcp.example.com'}:${new URL(`http://${upstream}`).port}`
  })

  after(async () => {
    await tls?.close()
    for (const child of children) await child.stop()
    rmSync(folder, { recursive: true })
  })

  it('signs in and streams by the public address only', async () => {
    const signedIn = await signIn(`${base}${shape.path}`, { fetch: tls.fetch })
    const progress: number[] = []

    await signedIn.client.callTool(
      { name: 'countdown', arguments: { from: 3, delayMs: 50 } },
      undefined,
      { onprogress: (event) => progress.push(event.progress) },
    )

    assert.equal(progress.length, 3)
    assert.ok(
      signedIn.origins.every((origin) => origin === base),
      signedIn.origins.join(),
    )
    await signedIn.client.close()
  })

  it('names the public address whatever a client claims', async () => {
    const prefix = shape.path.replace(/\/(?:demo\/)?mcp$/, '')
    const challenged = await tls.fetch(`${base}${shape.path}`, { method: 'POST', headers: HOSTILE })
    const [, url = ''] =
      /resource_metadata="([^"]+)"/.exec(challenged.headers.get('www-authenticate') ?? '') ?? []
    assert.equal(url, `${base}/.well-known/oauth-protected-resource${shape.path}`)

    const resource = await (await tls.fetch(url, { headers: HOSTILE })).text()
    assert.match(resource, new RegExp(`"resource":"${base}${shape.path}"`))
    const server = await tls.fetch(`${base}/.well-known/oauth-authorization-server${prefix}/demo`, {
      headers: HOSTILE,
    })
    for (const [, named = ''] of (await server.text()).matchAll(/"(https?:[^"]+)"/g)) {
      assert.ok(named.startsWith(`${base}${prefix}/`), named)
    }
  })
}

function configOf({ host, path }: Shape): string {
  const isPrefixed = path.startsWith('/llm/')
  return `
allowed_hosts: [mcp.example.com, demo.mcp.example.com]
forwarded_headers: [x-forwarded-proto, x-forwarded-host, x-forwarded-port${isPrefixed ? ', x-forwarded-prefix' : ''}]
secret_keys: [a-secret-of-at-least-32-bytes-for-the-tests]
mcp_servers:
  demo: { url: 'builtin:demo', auth_type: oauth2${host === undefined ? '' : `, host: ${host}`} }
  other: { url: 'http://127.0.0.1:9/mcp', auth_type: oauth2 }
`
}

function certify(folder: string): Recipe['certificate'] {
  const { pem, key } = makeCertificate(folder, ['mcp.example.com', 'demo.mcp.example.com'])
  const both = join(folder, 'both.pem')
  writeFileSync(both, `${readFileSync(pem, 'utf8')}${readFileSync(key, 'utf8')}`)
  return { pem, key, both }
}
