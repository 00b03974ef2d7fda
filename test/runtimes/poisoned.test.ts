import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  HOP_BY_HOP,
  HOSTS,
  LINES,
  OVER_HTTP2,
  OVERWRITTEN,
  type PoisonedRequest,
  TARGETS,
  TWINS,
} from '../corpus/poisoned.ts'
import { certify } from '../support/certificate.ts'
import { type Child, findFreePort } from '../support/child.ts'
import { FRONT_ENDS, type FrontEnd, type Recipe } from '../support/front-ends.ts'
import { AUTHORIZE_AT, findPoison, findPoisonOverHttp2, type Place } from '../support/poison.ts'
import { RUNTIMES, type Runtime, serve } from './runtimes.ts'

const DIRECT = 'direct.example.com:8000'
const PUBLIC = 'mcp.example.com'

const CORPUS = [
  ['headers that front ends hand on', TWINS],
  ['headers that front ends write', OVERWRITTEN],
  ['what a hop is told to drop', HOP_BY_HOP],
  ['hosts', HOSTS],
  ['request targets', TARGETS],
] as const

/** One of each kind, where all of it has gone the same way on another runtime. */
const BRIEF = CORPUS.map(([what, corpus]) => [what, someOf(corpus)] as const)

function someOf(corpus: readonly PoisonedRequest[]): readonly PoisonedRequest[] {
  return corpus.filter((_, at) => at % 5 === 0)
}

for (const [at, runtime] of RUNTIMES.entries()) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`poisoned requests on ${runtime.name}`, { skip }, () =>
    tell(runtime, at === 0 ? CORPUS : BRIEF),
  )
}

function tell(runtime: Runtime, behindFrontEnds: typeof CORPUS | typeof BRIEF): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  const ports = new Map<FrontEnd, number>()
  let proxy: { readonly child: Child; readonly base: string }
  let certificate: Recipe['certificate']

  before(async () => {
    certificate = certify(folder, [PUBLIC])
    for (const frontEnd of FRONT_ENDS) ports.set(frontEnd, await findFreePort())
    const config = join(folder, 'config.yaml')
    writeFileSync(config, configOf([...ports.values()]))
    proxy = await serve(runtime, config)
  })

  after(async () => {
    await proxy?.child.stop()
    rmSync(folder, { recursive: true })
  })

  const direct = () => ({ port: Number(new URL(proxy.base).port), isLenient: false })

  describe('from a stranger', () => {
    for (const [what, corpus] of CORPUS) {
      it(`change nothing by ${what}`, () =>
        expectNoPoison(corpus, {
          ...direct(),
          way: { from: '127.0.0.2' },
          base: `http://${DIRECT}`,
        }))
    }
  })

  it('change nothing by lines before those that a trusted proxy adds', () =>
    expectNoPoison(LINES, {
      ...direct(),
      way: {},
      base: `https://${DIRECT}`,
      added: [`X-Forwarded-Host: ${DIRECT}`, 'X-Forwarded-Proto: https'],
    }))

  it('change nothing by headers that a trusted proxy hands on', () =>
    expectNoPoison([...TWINS, ...HOP_BY_HOP], {
      ...direct(),
      way: {},
      base: `https://${DIRECT}`,
      added: [`X-Forwarded-Host: ${DIRECT}`, 'X-Forwarded-Proto: https'],
    }))

  for (const frontEnd of FRONT_ENDS) {
    describe(`through ${frontEnd.name}`, { skip: frontEnd.isMissing }, () => {
      let child: Child
      let place: Place

      before(async () => {
        const port = ports.get(frontEnd) ?? 0
        const upstream = new URL(proxy.base).host
        child = await frontEnd.start({ folder, kind: 'plain', port, upstream, certificate })
        const ca = readFileSync(certificate.pem, 'utf8')
        const way = { tls: { ca, servername: PUBLIC } }
        place = { port, way, base: `https://${PUBLIC}:${port}`, isLenient: true }
      })

      after(() => child?.stop())

      it('change nothing by what HTTP/2 says besides the authority', async () => {
        for (const headers of OVER_HTTP2) {
          assert.deepEqual(await findPoisonOverHttp2(place, headers), [], JSON.stringify(headers))
        }
      })

      for (const [what, corpus] of behindFrontEnds) {
        it(`change nothing by ${what}`, () => expectNoPoison(corpus, place))
      }
    })
  }
}

async function expectNoPoison(corpus: readonly PoisonedRequest[], place: Place): Promise<void> {
  const found = await Promise.all(
    corpus.map(async (poisoned) =>
      (await findPoison(place, poisoned)).map(
        (mistake) => `T${poisoned.row} ${poisoned.what}: ${mistake}`,
      ),
    ),
  )

  assert.deepEqual(found.flat(), [])
}

function configOf(ports: readonly number[]): string {
  const server = (name: string) => `
  ${name}:
    url: http://127.0.0.1:9/mcp
    auth_type: oauth2
    authorization_url: ${AUTHORIZE_AT}
    token_url: https://id.example.test/token
    client_id: ours`
  const hosts = [DIRECT, ...ports.map((port) => `${PUBLIC}:${port}`)].map((host) => `'${host}'`)
  return `
allowed_hosts: [${hosts.join()}]
trusted_proxies: [127.0.0.1/32]
consent: never
secret_keys: [${'k'.repeat(43)}]
mcp_servers:${server('gh')}${server('jira')}
`
}
