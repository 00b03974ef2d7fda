// Messages through the gateway: requests per second as a ratio to nginx in front of the same upstream in
// the same run, what is added to one call, and answers of 1 MiB. The proxy has one core, load and
// upstream the other.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  bundle,
  end,
  folder,
  LOAD_CORE,
  median,
  memoryOf,
  PROXY_CORE,
  row,
  run,
  startNginx,
  startProvider,
  startProxy,
  warmUp,
  wrk,
} from './lab.mjs'

const ROUNDS = 3
const LARGE = 'mcp?large'

/** Prints a line for each runtime. */
export async function benchGateway(runtimes) {
  const upstream = await startNginx('upstream', LOAD_CORE, answerAll)
  const nginx = await startNginx('proxy', PROXY_CORE, (port) => reverseProxy(port, upstream))
  const provider = await startProvider()
  const direct = `http://127.0.0.1:${upstream}/mcp`
  const reference = `http://127.0.0.1:${nginx}/mcp`
  console.log('\nMessages: POST tools/call, 130 bytes there, 300 back, a sealed token on each\n')
  console.log(
    row(['', 'req/s', 'to nginx', 'to hono', '+p50 ms', '+p99 ms', '1MiB/nginx', 'MiB grown', 'errors']),
  )
  const own = wrk(direct, {})
  console.log(row(['direct', own.rate.toFixed(0)]))
  await startBareLines(upstream, reference)
  for (const runtime of runtimes) {
    const hono = await startHono(runtime, upstream)
    const theirs = await compare({ url: hono.url, reference, direct, child: hono.child })
    print(`hono, ${runtime.name}`, theirs)
    await end(hono.child)
    const proxy = await startProxy(runtime, { upstream: direct, provider })
    print(runtime.name, await compare({ ...proxy, reference, direct }), theirs)
    await end(proxy.child)
  }
}

/** Rounds of us and nginx in turn, since the machine is not equally fast all the time. */
async function compare({ url, token, reference, direct, child }) {
  warmUp(() => wrk(url, { token, seconds: 3 }))
  const rounds = Array.from({ length: ROUNDS }, () => {
    const theirs = wrk(reference, { seconds: 3 })
    const ours = wrk(url, { token, seconds: 3 })
    const one = wrk(url, { token, connections: 1, seconds: 2 })
    const bare = wrk(direct, { connections: 1, seconds: 2 })
    return { ours, ratio: ours.rate / theirs.rate, p50: one.p50 - bare.p50, p99: one.p99 - bare.p99 }
  })
  const large = (of, to) => wrk(of.replace(/mcp$/, LARGE), { token: to, connections: 8, seconds: 3 })
  large(url, token)
  const before = memoryOf(child)
  const largeRatio = large(url, token).rate / large(reference).rate
  return {
    rate: median(rounds.map(({ ours }) => ours.rate)),
    ratio: median(rounds.map(({ ratio }) => ratio)),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    large: largeRatio,
    grown: (memoryOf(child) - before) / 1024,
    errors: rounds.reduce((sum, { ours }) => sum + ours.errors, 0),
  }
}

/** A line of the table; beside Hono's on the same runtime, each against the nginx of its own rounds. */
function print(name, { rate, ratio, p50, p99, large, grown, errors }, hono) {
  const times = hono === undefined ? '' : (ratio / hono.ratio).toFixed(1)
  const numbers = [ratio.toFixed(3), times, p50.toFixed(3), p99.toFixed(3), large.toFixed(2)]
  console.log(row([name, rate.toFixed(0), ...numbers, grown.toFixed(0), errors]))
}

const ANSWER = JSON.stringify({
  jsonrpc: '2.0',
  id: 7,
  result: { content: [{ type: 'text', text: 'x'.repeat(228) }] },
})

/** The MCP server: one answer for all messages, or 1 MiB. */
function answerAll(port) {
  writeFileSync(join(folder, 'large.json'), JSON.stringify({ text: 'x'.repeat(1024 * 1024) }))
  return `server {
    listen 127.0.0.1:${port};
    root ${folder};
    location /mcp {
      default_type application/json;
      if ($args = large) { rewrite ^ /large last; }
      return 200 '${ANSWER}';
    }
    location /large { default_type application/json; error_page 405 =200 /large.json; return 405; }
    location = /large.json { default_type application/json; }
  }`
}

function reverseProxy(port, upstream) {
  return `upstream mcp { server 127.0.0.1:${upstream}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://mcp;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }`
}

/** What one would write by hand: Hono, and fetch. */
async function startHono(runtime, upstream) {
  const script = await bundle(
    'hono-fetch',
    `import { serve } from '@hono/node-server'
     import { Hono } from 'hono'
     const app = new Hono()
     app.all('*', ({ req }) => fetch('http://127.0.0.1:${upstream}' + req.raw.url.slice(req.raw.url.indexOf('/mcp')), {
       method: req.method, headers: req.raw.headers, body: req.raw.body, duplex: 'half' }))
     serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log('port ' + port))`,
  )
  return startScript(runtime, script)
}

/** The limits: this Node's own server with nothing behind it, and with undici's dispatcher and nothing else. */
async function startBareLines(upstream, reference) {
  const hello = `import { createServer } from 'node:http'
     const body = Buffer.from(${JSON.stringify(ANSWER)})
     createServer((q, s) => { q.resume().on('end', () => s.writeHead(200, { 'content-length': body.length }).end(body)) })
       .listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port) })`
  const forward = `import { createServer } from 'node:http'
     import undici from 'undici'
     const pool = new undici.Pool('http://127.0.0.1:${upstream}')
     createServer((q, s) => {
       const sent = []
       q.on('data', (chunk) => sent.push(chunk)).on('end', () => {
         let head, chunks = []
         pool.dispatch({ path: '/mcp', method: 'POST', headers: ['content-type', 'application/json'], body: Buffer.concat(sent) }, {
           onRequestStart() {},
           onResponseStart(_, status, headers) { head = [status, headers] },
           onResponseData(_, chunk) { chunks.push(chunk) },
           onResponseEnd() { s.writeHead(head[0], { 'content-type': head[1]['content-type'] }).end(Buffer.concat(chunks)) },
           onResponseError() { s.destroy() },
         })
       })
     }).listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port) })`
  for (const [name, text] of [['node, bare', hello], ['undici, bare', forward]]) {
    const { url, child } = await startScript(NODE, await bundle(name.replace(/\W/g, ''), text))
    warmUp(() => wrk(url, { seconds: 3 }))
    const rounds = Array.from({ length: ROUNDS }, () => {
      const { rate } = wrk(url, { seconds: 3 })
      return { rate, ratio: rate / wrk(reference, { seconds: 3 }).rate }
    })
    const [rate, ratio] = ['rate', 'ratio'].map((of) => median(rounds.map((round) => round[of])))
    console.log(row([name, rate.toFixed(0), ratio.toFixed(3)]))
    await end(child)
  }
}

const NODE = { command: process.execPath, args: [] }

async function startScript({ command, args }, file) {
  const { child, match } = await run(PROXY_CORE, command, [...args, file], /port (\d+)/)
  return { child, url: `http://127.0.0.1:${match[1]}/mcp` }
}
