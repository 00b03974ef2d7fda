import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { certify } from '../support/certificate.ts'
import { type Child, findFreePort } from '../support/child.ts'
import { FRONT_ENDS, type Recipe } from '../support/front-ends.ts'
import { signIn } from '../support/mcp-client.ts'
import { createTlsFetch } from '../support/tls-fetch.ts'
import { RUNTIMES, type Runtime, serve } from './runtimes.ts'

/** What a front end is like, and by which address a client then reaches the server. */
interface Shape {
  readonly name: string
  readonly kinds: readonly Recipe['kind'][]
  readonly path: string
  readonly host?: string
  readonly isHttp2?: boolean
  /** Whether runtimes could differ in it: how heads and paths come that a front end has rewritten. */
  readonly isForAll?: boolean
}

const SHAPES: readonly Shape[] = [
  { name: 'with TLS on another port', kinds: ['plain'], path: '/demo/mcp', isForAll: true },
  { name: 'over HTTP/2', kinds: ['plain'], path: '/demo/mcp', isHttp2: true },
  { name: 'with a prefix that it keeps', kinds: ['kept'], path: '/llm/demo/mcp' },
  {
    name: 'with a prefix that it strips',
    kinds: ['stripped'],
    path: '/llm/demo/mcp',
    isForAll: true,
  },
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

const NAMES = ['mcp.example.com', 'demo.mcp.example.com']

for (const [at, runtime] of RUNTIMES.entries()) {
  // The newest Node takes requests as Node does.
  if (at === 1) continue
  const skip = runtime.isInstalled ? false : 'not installed'
  const shapes = at === 0 ? SHAPES : SHAPES.filter(({ isForAll }) => isForAll)
  describe(`behind front ends, ${runtime.name}`, { skip }, () => tell(runtime, shapes))
}

/** A proxy of the runtime for each configuration, whichever front end stands before it. */
type ProxyOf = (shape: Shape) => Promise<string>

function tell(runtime: Runtime, shapes: readonly Shape[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const proxies = new Map<string, ReturnType<typeof serve>>()
  let certificate: Recipe['certificate']

  before(() => {
    certificate = certify(folder, NAMES)
  })

  after(async () => {
    for (const proxy of proxies.values()) await (await proxy).child.stop()
    rmSync(folder, { recursive: true })
  })

  const proxyOf: ProxyOf = async (shape) => {
    const text = configOf(shape)
    const config = join(folder, `config-${proxies.size}.yaml`)
    if (!proxies.has(text)) writeFileSync(config, text)
    const proxy = proxies.get(text) ?? serve(runtime, config)
    proxies.set(text, proxy)
    return new URL((await proxy).base).host
  }

  for (const frontEnd of FRONT_ENDS) {
    describe(`behind ${frontEnd.name}`, { skip: frontEnd.isMissing }, () => {
      for (const shape of shapes) {
        describe(shape.name, () =>
          tellOf(shape, async (children) => {
            let upstream = await proxyOf(shape)
            for (const kind of shape.kinds.toReversed()) {
              const port = await findFreePort()
              const recipe = { folder, kind, port, upstream, certificate }
              children.unshift(await frontEnd.start(recipe))
              upstream = `127.0.0.1:${port}`
            }
            return { port: new URL(`http://${upstream}`).port, pem: certificate.pem }
          }),
        )
      }
    })
  }
}

/** Starts what stands before the proxy, adding it to these programs. */
type StartFrontEnds = (
  children: Child[],
) => Promise<{ readonly port: string; readonly pem: string }>

function tellOf(shape: Shape, startFrontEnds: StartFrontEnds): void {
  const children: Child[] = []
  let base: string
  let tls: ReturnType<typeof createTlsFetch>

  before(async () => {
    const { port, pem } = await startFrontEnds(children)
    const isHttp2 = shape.isHttp2 === true
    tls = createTlsFetch(readFileSync(pem, 'utf8'), { isLocal: true, isHttp2 })
    base = `https://${shape.host ?? 'mcp.example.com'}:${port}`
  })

  after(async () => {
    await tls?.close()
    for (const child of children) await child.stop()
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
