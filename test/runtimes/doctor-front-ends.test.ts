import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isWell, type Report, type StepName } from '../../src/doctor/report.ts'
import { createBrowser } from '../support/browser.ts'
import { makeCertificate } from '../support/certificate.ts'
import { type Child, findFreePort, start } from '../support/child.ts'
import { clientOf, diagnose, pasteOf, stepOf } from '../support/doctor.ts'
import { EVERYTHING } from '../support/everything.ts'
import { nginxIsMissing, runNginx } from '../support/nginx.ts'
import { portOf } from '../support/proxy.ts'
import { createTlsFetch } from '../support/tls-fetch.ts'
import { RUNTIMES, serve } from './runtimes.ts'

const TELLING = `
proxy_set_header Host $host:$server_port;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $host:$server_port;
proxy_set_header X-Forwarded-Port $server_port;
`
const STREAMING = `
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_buffering off;
`
/** Ours and good servers say X-Accel-Buffering: no, which nginx heeds unless it is told not to. */
const BUFFERING = `
proxy_http_version 1.1;
proxy_ignore_headers X-Accel-Buffering;
`
const ALL = (proxy: string) => `location / { proxy_pass ${proxy}; }`

/** An nginx before a proxy, each as it is configured. */
interface Shape {
  readonly proxy?: string
  readonly server: string
  readonly locations?: (proxy: string) => string
  readonly path?: string
}

describe('doctor behind a real nginx', { skip: nginxIsMissing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const children: Child[] = []
  const certificate = makeCertificate(folder, ['mcp.example.com'])
  const tls = createTlsFetch(readFileSync(certificate.pem, 'utf8'), { isLocal: true })
  let everything: string

  before(async () => {
    const port = await findFreePort()
    const child = start(process.execPath, [EVERYTHING, 'streamableHttp'], { PORT: String(port) })
    children.push(child)
    await child.waitFor(/port \d+/)
    everything = `http://127.0.0.1:${port}/mcp`
  })

  after(async () => {
    await tls.close()
    for (const child of children) await child.stop()
    rmSync(folder, { recursive: true })
  })

  /** Starts both, and gives the public origin. */
  async function startBoth({ proxy = '', server, locations = ALL }: Shape): Promise<string> {
    const [runtime] = RUNTIMES
    assert.ok(runtime)
    const own = mkdtempSync(join(folder, 'shape-'))
    const config = join(own, 'config.yaml')
    writeFileSync(
      config,
      `${proxy === '' ? 'allowed_hosts: [mcp.example.com]' : proxy}
secret_keys: [a-secret-of-at-least-32-bytes-for-the-tests]
mcp_servers:
  demo: { url: 'builtin:demo', auth_type: oauth2 }
  everything: { url: '${everything}', auth_type: none, access: open }
`,
    )
    const { child, base } = await serve(runtime, config)
    const port = await findFreePort()
    children.push(child)
    children.unshift(
      await runNginx(
        own,
        `server { listen 127.0.0.1:${port} ssl; server_name mcp.example.com;
ssl_certificate ${certificate.pem}; ssl_certificate_key ${certificate.key};
${server} ${locations(base)} }`,
      ),
    )
    return `https://mcp.example.com:${port}`
  }

  async function examine(shape: Shape): Promise<Report> {
    return diagnose(`${await startBoth(shape)}${shape.path ?? '/demo/mcp'}`, tls.fetch)
  }

  it('finds nothing wrong with one that is as the README has it', async () => {
    const report = await examine({ server: TELLING + STREAMING })

    assert.ok(isWell(report), JSON.stringify(report, null, 1))
    for (const { client, mark } of report.clients) assert.equal(mark, 'well', client)
  })

  it('names the setting where nginx does not tell the scheme', async () => {
    const report = await examine({ server: 'proxy_set_header Host $host:$server_port;' })

    const step = stepOf(report, 'challenge')
    assert.match(step?.cause ?? '', /http for https/)
    assert.match(pasteOf(step), /proxy_set_header X-Forwarded-Proto \$scheme;/)
    assert.equal(clientOf(report, 'Claude Code')?.mark, 'failed')
  })

  it('names the setting where nginx is not trusted', async () => {
    const proxy = 'allowed_hosts: [mcp.example.com]\ntrusted_proxies: [10.0.0.0/8]'
    const report = await examine({ proxy, server: TELLING })

    const step = stepOf(report, 'challenge')
    assert.match(step?.cause ?? '', /not trusted/)
    assert.match(pasteOf(step), /trusted_proxies: \[loopback, PEER\]/)
  })

  it('names the setting where nginx hands on its own idea of the host', async () => {
    const inside = await examine({ proxy: 'log: { level: info }', server: '' })
    const refused = await examine({ server: '' })

    assert.match(stepOf(inside, 'challenge')?.cause ?? '', /address inside/)
    assert.match(stepOf(refused, 'connect')?.cause ?? '', /does not answer for the host/)
    assert.match(pasteOf(stepOf(refused, 'connect')), /proxy_set_header Host \$host:\$server_port;/)
  })

  it('names the header where nginx strips a prefix', async () => {
    const locations = (proxy: string) =>
      `location /llm/ { proxy_pass ${proxy}/; } location /.well-known/ { proxy_pass ${proxy}; }`
    const report = await examine({ server: TELLING, locations, path: '/llm/demo/mcp' })

    const step = stepOf(report, 'challenge')
    assert.match(step?.cause ?? '', /prefix stripped: the front end takes \/llm away/)
    assert.match(pasteOf(step), /X-Forwarded-Prefix \/llm;/)
    assert.match(pasteOf(step), /forwarded_headers: \[.*x-forwarded-prefix\]/)
  })

  it('gives the route where nginx does not hand on the inserted form', async () => {
    const locations = (proxy: string) => `location /llm/ { proxy_pass ${proxy}; }`
    const proxy =
      'allowed_hosts: [mcp.example.com]\nforwarded_headers: [x-forwarded-proto, x-forwarded-host, x-forwarded-port, x-forwarded-prefix]'
    const server = `${TELLING} proxy_set_header X-Forwarded-Prefix /llm;`
    const report = await examine({ proxy, server, locations, path: '/llm/demo/mcp' })

    const step = stepOf(report, 'resource metadata, inserted')
    assert.match(step?.cause ?? '', /missing route/)
    assert.match(pasteOf(step), /location ~ \^\/\\\.well-known\/\([^)]*\)\/llm\(\/\|\$\)/)
    assert.equal(stepOf(report, 'resource metadata, appended')?.mark, 'well')
    assert.equal(clientOf(report, 'VS Code')?.mark, 'failed')
  })

  it('catches buffering by a stream that is kept open', async () => {
    const [on, off] = await Promise.all([
      examine({ server: TELLING + BUFFERING, path: '/everything/mcp' }),
      examine({ server: TELLING + STREAMING, path: '/everything/mcp' }),
    ])

    assert.match(stepOf(on, 'stream')?.cause ?? '', /buffering on/)
    assert.match(pasteOf(stepOf(on, 'stream')), /proxy_buffering off;[\s\S]*flush_interval -1/)
    assert.equal(stepOf(off, 'stream')?.mark, 'well', JSON.stringify(off.steps, null, 1))
  })

  it('gives lines that mend what it found', async () => {
    const prefixed = `${TELLING} proxy_set_header X-Forwarded-Prefix /llm;`
    const isAt = (path: string) => (proxy: string) => `location ${path} { proxy_pass ${proxy}; }`
    const isBoth = (proxy: string) =>
      `${isAt('/llm/')(proxy)} location ~ ^/\\.well-known/[^/]+/llm/ { proxy_pass ${proxy}; }`
    const ofPrefix =
      'allowed_hosts: [mcp.example.com]\nforwarded_headers: [x-forwarded-proto, x-forwarded-host, x-forwarded-port, x-forwarded-prefix]'
    const route = { proxy: ofPrefix, server: prefixed, path: '/llm/demo/mcp' }
    const shapes: readonly (readonly [StepName, Shape, (lines: string) => Shape])[] = [
      [
        'challenge',
        { proxy: 'log: { level: info }', server: '' },
        (lines) => ({ proxy: 'allowed_hosts: [mcp.example.com]', server: lines }),
      ],
      [
        'resource metadata, inserted',
        { ...route, locations: isAt('/llm/') },
        (lines) => ({
          ...route,
          locations: (proxy) =>
            `${isAt('/llm/')(proxy)} ${lines.replace('http://127.0.0.1:4000', proxy)}`,
        }),
      ],
      [
        'connect',
        { server: TELLING, path: '/llm/demo/mcp', locations: isBoth },
        (lines) => ({ ...route, server: `${TELLING} ${lines}`, locations: isBoth }),
      ],
      [
        'stream',
        { server: TELLING + BUFFERING, path: '/everything/mcp' },
        (lines) => ({
          server: `${TELLING} proxy_ignore_headers X-Accel-Buffering; ${lines}`,
          path: '/everything/mcp',
        }),
      ],
    ]
    for (const [name, shape, mend] of shapes) {
      const step = stepOf(await examine(shape), name)
      const [lines] = (step?.remedy ?? []).filter(({ place }) => place === 'nginx')
      const mended = await examine(mend((lines?.lines ?? []).join('\n')))

      assert.equal(step?.mark, 'failed')
      const { url, steps } = mended
      assert.ok(isWell({ url, steps, clients: [] }), JSON.stringify(steps, null, 1))
      assert.equal(clientOf(mended, 'VS Code')?.mark, 'well')
    }
  })

  it('gives lines that mend a port that is mapped', async () => {
    const mapped = await examineMapped(TELLING)
    const step = stepOf(mapped, 'challenge')
    const [lines] = (step?.remedy ?? []).filter(({ place }) => place === 'nginx')
    const mended = await examineMapped((lines?.lines ?? []).join('\n'))

    assert.match(step?.cause ?? '', /another port: .* where ports are mapped/)
    assert.ok(isWell(mended), JSON.stringify(mended, null, 1))
  })

  /** Examines nginx at another port than the one that it listens on. */
  async function examineMapped(server: string): Promise<Report> {
    const inner = Number(new URL(await startBoth({ server })).port)
    const map = createServer((outer) => {
      const socket = connect(inner, '127.0.0.1')
      outer.on('error', () => socket.destroy()).pipe(socket)
      socket.on('error', () => outer.destroy()).pipe(outer)
    }).listen(0, '127.0.0.1')
    await once(map, 'listening')
    const report = await diagnose(`https://mcp.example.com:${portOf(map)}/demo/mcp`, tls.fetch)
    map.close()
    return report
  }

  it('catches buffering by a tool that it is told to call', async () => {
    const call = { name: 'countdown', arguments: { from: 4, delayMs: 200 } }
    const marks = await Promise.all(
      [TELLING + BUFFERING, TELLING + STREAMING].map(async (server) => {
        const url = `${await startBoth({ server })}/demo/mcp`
        const report = await diagnose(url, tls.fetch, { call, desk: createDesk() })
        return stepOf(report, 'stream')?.mark
      }),
    )

    assert.deepEqual(marks, ['failed', 'well'])
  })

  /** A desk whose browser signs in at once. */
  function createDesk() {
    const redirectUri = 'http://127.0.0.1:33418/callback'
    let callback: Promise<URL>
    return {
      redirectUri,
      show: async (url: string) => {
        callback = createBrowser({ fetch: tls.fetch }).visit(url, ({ href }) =>
          href.startsWith(redirectUri),
        )
      },
      waitForCallback: () => callback,
    }
  }
})
