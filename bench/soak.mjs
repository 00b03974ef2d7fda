// Five minutes at about half load, with sign-ins, refreshes, cancelled streams and upstream faults among
// the calls: memory and handles must not grow after the first minute, and nothing may fail that was not made to.
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { end, folder, LOAD_CORE, memoryOf, redeem, row, run, signIn, startProvider, startProxy } from './lab.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const SAMPLE = 10 // seconds

/** Prints a line for each runtime. */
export async function benchSoak(runtimes, seconds = 300) {
  console.log(`\nSoak: ${seconds} s of calls, sign-ins, refreshes, cancelled streams and faults\n`)
  console.log(row(['', 'calls/s', 'others', 'injected', 'errors', 'MiB 1st', 'MiB last', 'fds 1st', 'fds last']))
  const provider = await startProvider()
  const upstream = await startUpstream()
  for (const runtime of runtimes) {
    const proxy = await startProxy(runtime, { upstream, provider })
    console.log(row([runtime.name, ...(await soak(proxy, seconds))]))
    await end(proxy.child)
  }
}

async function soak({ base, url, token, child }, seconds) {
  const calls = startCalls(url, token, seconds)
  const state = { others: 0, injected: 0, errors: 0, isOver: false }
  const tasks = [
    repeat(state, 200, () => signIn(base)),
    repeat(state, 200, refresher(base)),
    repeat(state, 100, () => cancelStream(url, token)),
    ...['reset', 'half', 'status'].map((fault) => repeat(state, 300, () => meetFault(url, token, fault, state))),
  ]
  const samples = []
  for (let at = 0; at < seconds; at += SAMPLE) {
    await delay(SAMPLE * 1_000)
    samples.push({ memory: memoryOf(child) / 1024, handles: readdirSync(`/proc/${child.pid}/fd`).length })
  }
  state.isOver = true
  await Promise.all(tasks)
  const { rate, errors } = await calls
  // Peaks of the second minute and of the last: collections come when they like.
  const perMinute = 60 / SAMPLE
  const early = samples.slice(Math.min(perMinute, samples.length - 1), 2 * perMinute)
  const late = samples.slice(-perMinute)
  const peak = (of, key) => Math.max(...of.map((sample) => sample[key])).toFixed(0)
  const ends = [peak(early, 'memory'), peak(late, 'memory'), peak(early, 'handles'), peak(late, 'handles')]
  return [rate.toFixed(0), state.others, state.injected, state.errors + errors, ...ends]
}

function refresher(base) {
  let tokens
  return async () => {
    tokens ??= await signIn(base)
    tokens = await redeem(base, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
  }
}

async function repeat(state, pause, task) {
  while (!state.isOver) {
    try {
      await task()
      state.others += 1
    } catch (error) {
      state.errors += 1
      console.error(error.message)
    }
    await delay(pause)
  }
}

async function cancelStream(url, token) {
  const abort = new AbortController()
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' }, signal: abort.signal })
  const reader = response.body.getReader()
  await reader.read()
  abort.abort()
  await reader.read().catch(() => undefined)
}

/** What upstream is made to do wrong must come out as an answer or the end of one, at once. */
async function meetFault(url, token, fault, state) {
  const response = await fetch(`${url}?fault=${fault}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: '{}',
    signal: AbortSignal.timeout(10_000),
  })
  await response.text().catch(() => undefined)
  const wanted = { reset: 502, half: 200, status: 500 }[fault]
  if (response.status !== wanted) throw new Error(`Fault ${fault} came out as ${response.status}`)
  state.injected += 1
}

/** Calls by wrk that waits between them. */
async function startCalls(url, token, seconds) {
  const child = spawn(
    'taskset',
    ['-c', LOAD_CORE, 'wrk', '-t1', '-c16', `-d${seconds}s`, '-s', join(HERE, 'paced.lua'), url],
    { env: { ...process.env, TOKEN: token } },
  )
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await new Promise((ended) => child.on('close', ended))
  const count = (pattern) => Number(pattern.exec(output)?.[1] ?? 0)
  const socketErrors = [...output.matchAll(/(?:connect|read|write|timeout) (\d+)/g)].reduce((sum, [, errors]) => sum + Number(errors), 0)
  return { rate: count(/Requests\/sec:\s+([\d.]+)/), errors: count(/Non-2xx or 3xx responses: (\d+)/) + socketErrors }
}

async function startUpstream() {
  const file = join(folder, 'soak.mjs')
  writeFileSync(
    file,
    `import { createServer } from 'node:http'
     const answer = JSON.stringify({ jsonrpc: '2.0', id: 7, result: { content: [{ type: 'text', text: 'x'.repeat(228) }] } })
     createServer((request, response) => {
       if (request.url.includes('reset')) return request.socket.destroy()
       const isStream = request.method === 'GET'
       response.writeHead(request.url.includes('status') ? 500 : 200, { 'Content-Type': isStream ? 'text/event-stream' : 'application/json' })
       if (isStream) {
         const timer = setInterval(() => response.write('data: x\\n\\n'), 50)
         return response.on('close', () => clearInterval(timer))
       }
       if (request.url.includes('half')) return response.write(answer.slice(9), () => response.destroy())
       request.resume().on('end', () => response.end(answer))
     }).listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port) })`,
  )
  const { match } = await run(LOAD_CORE, process.execPath, [file], /port (\d+)/)
  return `http://127.0.0.1:${match[1]}/mcp`
}
