import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A program that a test started. */
export interface Child {
  /** The first match of a pattern in what it has printed so far or will print. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
  readonly output: () => string
  readonly pid: number
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
    pid: child.pid ?? 0,
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

/**
 * A port that nobody listens on, for programs that can't choose one themselves. It lies below the ports that systems
 * give to outgoing connections, one of which could otherwise take it before the program does; and each process looks
 * in a block of its own, so that tests beside each other do not choose the same.
 */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < PORTS.size; tries++) {
    const port = PORTS.first + PORTS.next
    PORTS.next = (PORTS.next + 1) % PORTS.size
    if (await isFree(port)) return port
  }
  throw new Error('No port of this process is free')
}

const PORTS = { first: 10_240 + (process.pid % 352) * 64, size: 64, next: 0 }

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
