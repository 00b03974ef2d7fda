// From the command to listening, against the runtime's own bare server; memory when idle; the bundle.
import { spawn } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { end, folder, median, memoryOf, PROGRAM, PROXY_CORE, row, run } from './lab.mjs'

const ROUNDS = 7
const IDLE = 3_000 // milliseconds

/** Prints a line for each runtime. */
export async function benchStart(runtimes) {
  const bare = join(folder, 'bare.mjs')
  writeFileSync(
    bare,
    `import { createServer } from 'node:http'
     createServer().listen(0, '127.0.0.1', () => console.log('listens on'))`,
  )
  const config = join(folder, 'start.json')
  writeFileSync(
    config,
    JSON.stringify({
      secret_keys: ['bench-key-bench-key-bench-key-bench-key-bench'],
      mcp_servers: { demo: { url: 'builtin:demo', auth_type: 'oauth2' } },
    }),
  )
  const { size } = statSync(PROGRAM)
  console.log(`\nStart, and memory when idle; the bundle has ${(size / 1e6).toFixed(2)} MB\n`)
  console.log(row(['', 'bare ms', 'ours ms', 'ratio', 'MiB idle']))
  for (const { name, command, args } of runtimes) {
    const ours = [...args, PROGRAM, '--config', config, '--port', '0']
    const rounds = []
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({
        bare: await timeToListen(command, [...args, bare]),
        ours: await timeToListen(command, ours),
      })
    }
    const times = ['bare', 'ours'].map((of) => median(rounds.map((round) => round[of])))
    const { child } = await run(PROXY_CORE, command, ours, /listens on/)
    await delay(IDLE)
    const idle = memoryOf(child) / 1024
    await end(child)
    const ratio = (times[1] / times[0]).toFixed(2)
    console.log(row([name, ...times.map((time) => time.toFixed(0)), ratio, idle.toFixed(0)]))
  }
}

/** Milliseconds. */
function timeToListen(command, args) {
  const begun = performance.now()
  const child = spawn(command, args)
  return new Promise((resolve) => {
    let time = 0
    child.stdout.on('data', (chunk) => {
      if (time > 0 || !String(chunk).includes('listens on')) return
      time = performance.now() - begun
      child.kill('SIGKILL')
    })
    child.on('exit', () => resolve(time))
  })
}
