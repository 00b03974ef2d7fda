import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { portOf } from './proxy.ts'

/** A program that a test started. */
export interface Child {
  /** The first match of a pattern in what it has printed so far or will print. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
  readonly output: () => string
  /** The exit status, once it has ended. */
  ended(): Promise<number | null>
  stop(): Promise<void>
}

/** Starts a program; it ends with the test that stops it. */
export function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Child {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const waiting = new Set<() => void>()
  const take = (chunk: Buffer) => {
    output += chunk.toString()
    for (const look of waiting) look()
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  return {
    output: () => output,
    ended: async () => {
      if (child.exitCode === null) await once(child, 'close')
      return child.exitCode
    },
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output)
          if (match === null) return
          waiting.delete(look)
          resolve(match)
        }
        waiting.add(look)
        child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${output}`)))
        look()
      }),
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await ended
  clearTimeout(patience)
}

/** A port that nobody listens on just now, for programs that can't choose one themselves. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}
