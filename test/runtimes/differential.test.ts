import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ANSWERINGS, type Answering, SENDINGS, type Sending } from '../corpus/exchanges.ts'
import { type Child, findFreePort } from '../support/child.ts'
import { type RecordingServer, startRecordingServer } from '../support/recording-server.ts'
import { RUNTIMES, type Runtime, startProgram } from './runtimes.ts'

// Each sending meets a few answers and each answer a few sendings: all of them with all others would tell no more.
const PAIRS = SENDINGS.flatMap((sending, row) =>
  ANSWERINGS.filter((_, column) => (row + column) % 6 === 0 || row === 0 || column === 0).map(
    (answering) => ({ sending, answering }),
  ),
)

/** What a client sees of an answer. */
interface Seen {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly length: number
  readonly digest: string
  readonly isWhole: boolean
}

const PASSED_UP = /^(?:accept.*|content-.*|mcp-.*|last-event-id|user-agent|traceparent|baggage)$/
const PASSED_DOWN =
  /^(?:content-(?!security|length).*|mcp-.*|allow|cache-control|etag|ratelimit|retry-after)$/

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  const tellOf = (workers: readonly string[]) => () => tell(runtime, workers)
  describe(`the same, directly and through ${runtime.name}`, { skip }, tellOf([]))
  // Its workers take connections by node:net, where one process alone has Bun's own sockets.
  if (runtime.name === 'Bun') {
    describe('the same, directly and through a worker on Bun', { skip }, tellOf(['--workers', '2']))
  }
}

function tell(runtime: Runtime, workers: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let upstream: RecordingServer
  let proxy: { readonly child: Child; readonly base: string }

  before(async () => {
    upstream = await startRecordingServer(ANSWERINGS)
    const config = join(folder, 'config.yaml')
    writeFileSync(
      config,
      `mcp_servers: { s: { url: 'http://127.0.0.1:${upstream.port}/mcp', auth_type: none, access: open } }`,
    )
    const port = String(workers.length === 0 ? 0 : await findFreePort())
    const child = startProgram(runtime, ['--config', config, '--port', port, ...workers])
    const [, base = ''] = await child.waitFor(/listens on (http:\/\/\S+)/)
    proxy = { child, base }
  })

  after(async () => {
    await proxy?.child.stop()
    upstream?.close()
    rmSync(folder, { recursive: true })
  })

  for (const sending of SENDINGS) {
    it(`arrives: ${sending.what}`, async () => {
      const answerings = PAIRS.filter((pair) => pair.sending === sending).map(
        (pair) => pair.answering,
      )
      await Promise.all(answerings.map((answering) => expectSame(sending, answering)))
    })
  }

  async function expectSame(sending: Sending, answering: Answering): Promise<void> {
    const name = `${SENDINGS.indexOf(sending)}-${ANSWERINGS.indexOf(answering)}`
    const query = (way: string) => `?name=${name}-${way}&answer=${ANSWERINGS.indexOf(answering)}`
    const [direct, proxied] = await Promise.all([
      exchange(`http://127.0.0.1:${upstream.port}/mcp${query('direct')}`, sending),
      exchange(`${proxy.base}/s/mcp${query('proxied')}`, sending),
    ])

    expectSameAnswer(proxied, direct, `${sending.what} with ${answering.what}`)
    if (answering.isEarly === true) return
    const one = await upstream.arrivedAs(`${name}-direct`)
    const other = await upstream.arrivedAs(`${name}-proxied`)
    const body = ({ method, length, digest }: typeof one) => ({ method, length, digest })
    assert.deepEqual(body(other), body(one), sending.what)
    assert.deepEqual(passedUp(other.headers), passedUp(asSent(one.headers, sending)), sending.what)
  }
}

/** What is not whole has no end; how much of it got through is the network's affair. */
function expectSameAnswer(proxied: Seen, direct: Seen, what: string): void {
  if (!direct.isWhole && proxied.status === 502) return
  assert.equal(proxied.status, direct.status, what)
  assert.equal(proxied.isWhole, direct.isWhole, what)
  if (direct.isWhole) {
    assert.deepEqual([proxied.length, proxied.digest], [direct.length, direct.digest], what)
  }
  assert.deepEqual(passedDown(proxied.headers), passedDown(direct.headers), what)
}

/** What is meant to differ: what a hop is told to drop, lines that are joined, a stream's encoding. */
function asSent(headers: readonly (readonly [string, string])[], { method }: Sending) {
  const named = headers
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) => value.split(/, ?/))
  return headers
    .filter(([name]) => !named.some((dropped) => dropped.toLowerCase() === name))
    .map(([name, value]) =>
      method === 'GET' && name === 'accept-encoding'
        ? ([name, 'identity'] as const)
        : ([name, value] as const),
    )
}

function passedUp(headers: readonly (readonly [string, string])[]): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (!PASSED_UP.test(name) || name === 'content-length') continue
    passed[name] = name in passed ? `${passed[name]}, ${value}` : value
  }
  return passed
}

function passedDown(headers: Readonly<Record<string, string>>): Record<string, string> {
  const isStream = /^text\/event-stream/.test(headers['content-type'] ?? '')
  const passed = Object.entries(headers).filter(
    ([name]) => PASSED_DOWN.test(name) && !(isStream && name === 'cache-control'),
  )
  return Object.fromEntries(passed)
}

/** One exchange on a connection of its own, to its end or as far as it goes. */
function exchange(url: string, sending: Sending): Promise<Seen> {
  const { method = 'POST', chunks = [], trailers } = sending
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, agent: false, headers: fieldsOf(sending) })
    let hasAnswer = false
    asking.on('response', (response) => {
      hasAnswer = true
      read(response).then(resolve, reject)
    })
    // Where an answer comes early, the rest of the request meets a closed connection.
    asking.on('error', () => {
      if (!hasAnswer) resolve(NOTHING)
    })
    for (const chunk of chunks) asking.write(chunk)
    if (trailers !== undefined) asking.addTrailers(trailers)
    asking.end()
  })
}

function fieldsOf({ method = 'POST', headers = [], chunks = [], isDeclared = false }: Sending) {
  if (method !== 'POST') return toFields(headers)
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const framing = isDeclared ? ['Content-Length', String(length)] : ['Transfer-Encoding', 'chunked']
  return toFields(['Content-Type', 'application/json', ...headers, ...framing])
}

const NOTHING: Seen = { status: undefined, headers: {}, length: 0, digest: '', isWhole: false }

function toFields(flat: readonly string[]): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  for (let at = 0; at < flat.length; at += 2) {
    const [name = '', value = ''] = [flat[at], flat[at + 1]]
    const before = fields[name]
    fields[name] = before === undefined ? value : [before, value].flat()
  }
  return fields
}

async function read(response: IncomingMessage): Promise<Seen> {
  const hash = createHash('sha256')
  let length = 0
  response.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    length += chunk.length
  })
  await new Promise((closed) => response.on('error', () => undefined).on('close', closed))
  return {
    status: response.statusCode,
    headers: Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
    ),
    length,
    digest: hash.digest('hex'),
    isWhole: response.complete,
  }
}
