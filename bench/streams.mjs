// Open event streams: what they cost, whether events are lost, reordered or late, and whether a slow
// reader is held back. The proxy has one core, its upstream and all clients the other.
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  end,
  folder,
  LOAD_CORE,
  memoryOf,
  row,
  run,
  signIn,
  startProvider,
  startProxy,
} from './lab.mjs'

const STREAMS_PER_SESSION = 32
const SECONDS = 10

/** Prints a line for each runtime. */
export async function benchStreams(runtimes, count = 5_000) {
  const provider = await startProvider()
  const upstream = await startUpstream()
  console.log(`\nStreams: ${count} open, an event a second on each\n`)
  console.log(
    row(['', 'events', 'lost', 'disorder', 'p50 ms', 'p99 ms', '+p99 ms', 'KiB each', 'MiB slow']),
  )
  const direct = await listen(upstream, count, [undefined])
  console.log(row(['direct', direct.events, direct.lost, direct.disorder, ...delaysOf(direct)]))
  for (const runtime of runtimes) {
    const proxy = await startProxy(runtime, { upstream, provider })
    const tokens = [proxy.token]
    while (tokens.length * STREAMS_PER_SESSION < count) {
      tokens.push((await signIn(proxy.base)).access_token)
    }
    // The first streams of all pay for what every further one finds.
    await listen(proxy.url, 200, tokens)
    const before = memoryOf(proxy.child)
    const seen = await listen(proxy.url, count, tokens, () => memoryOf(proxy.child))
    const each = (seen.memory - before) / count
    const slow = await neglect(proxy)
    const added = (quantile(seen.delays, 0.99) - quantile(direct.delays, 0.99)).toFixed(1)
    const { events, lost, disorder } = seen
    console.log(
      row([runtime.name, events, lost, disorder, ...delaysOf(seen), added, each.toFixed(1), slow]),
    )
    await end(proxy.child)
  }
}

function delaysOf({ delays }) {
  return [quantile(delays, 0.5), quantile(delays, 0.99)].map((value) => value.toFixed(1))
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

/** Opens streams, a few at a time, and follows their events for some seconds. */
async function listen(url, count, tokens, measure = () => 0) {
  const state = { events: 0, lost: 0, disorder: 0, delays: [], isCounting: false }
  const sockets = []
  for (let at = 0; at < count; at += 1) {
    const token = tokens[Math.floor(at / STREAMS_PER_SESSION) % tokens.length]
    sockets.push(follow(url, token, state))
    if (at % 50 === 49) await Promise.all(sockets.slice(-50).map(({ opened }) => opened))
  }
  await Promise.all(sockets.map(({ opened }) => opened))
  await delay(2_000)
  state.isCounting = true
  await delay(SECONDS * 1_000)
  state.isCounting = false
  const memory = measure()
  for (const { socket } of sockets) socket.destroy()
  await delay(1_000)
  state.lost += sockets.filter(({ last }) => last() === -1).length
  return { ...state, memory }
}

/** One stream over a bare socket, which costs the load generator least. */
function follow(url, token, state) {
  const { hostname, port, pathname, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n${authorization}\r\n`)
  let last = -1
  const opened = new Promise((resolve, reject) => {
    socket.once('data', (chunk) => {
      if (String(chunk).startsWith('HTTP/1.1 200')) resolve()
      else reject(new Error(`Cannot open a stream: ${chunk}`))
    })
    socket.on('error', reject)
  })
  socket.on('data', (chunk) => {
    const now = process.hrtime.bigint()
    for (const [, number, sent] of String(chunk).matchAll(/data: (\d+) (\d+)/g)) {
      const next = Number(number)
      if (last !== -1 && next <= last) state.disorder += 1
      if (last !== -1 && next > last + 1) state.lost += next - last - 1
      last = next
      if (!state.isCounting) continue
      state.events += 1
      state.delays.push(Number(now - BigInt(sent)) / 1e6)
    }
  })
  return { socket, opened, last: () => last }
}

/** A client that opens an endless stream and reads nothing: MiB by which the proxy grows, and what upstream wrote. */
async function neglect({ url, token, child }) {
  const { hostname, port, host } = new URL(url)
  const before = memoryOf(child)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.write(
    `POST /s/mcp?endless HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nAuthorization: Bearer ${token}\r\n\r\n{}`,
  )
  await delay(4_000)
  const grown = (memoryOf(child) - before) / 1024
  socket.destroy()
  return grown.toFixed(1)
}

async function startUpstream() {
  const file = join(folder, 'streams.mjs')
  writeFileSync(
    file,
    `import { createServer } from 'node:http'
     const chunk = 'x'.repeat(65536)
     createServer((request, response) => {
       response.writeHead(200, { 'Content-Type': 'text/event-stream' })
       if (request.url.includes('endless')) {
         const pour = () => { while (response.write(chunk)) {} }
         response.on('drain', pour)
         return pour()
       }
       let number = 0
       const send = () => response.write('data: ' + number++ + ' ' + process.hrtime.bigint() + '\\n\\n')
       send()
       // Spread over the second, as independent servers would be.
       let timer = setTimeout(() => { timer = setInterval(send, 1000) }, Math.random() * 1000)
       response.on('close', () => clearInterval(timer))
     }).listen({ port: 0, host: '127.0.0.1', backlog: 8192 }, function () { console.log('port ' + this.address().port) })`,
  )
  const { match } = await run(LOAD_CORE, process.execPath, [file], /port (\d+)/)
  return `http://127.0.0.1:${match[1]}/mcp`
}
