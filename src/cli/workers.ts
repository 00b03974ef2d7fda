import type { Log } from '../log.ts'
import type { Platform, WorkerProcess } from '../platform/platform.ts'
import { createSharedStore } from '../store/shared.ts'
import { CommandError, type Invocation } from './command.ts'

const MAX_WORKERS = 64

/** How many processes `--workers` asks for; 1 without it. */
export function readWorkers({ platform, values }: Invocation): number {
  const { workers = '1' } = values
  if (platform.name === 'deno' && workers !== '1') {
    // Its node:cluster loses messages of workers that have just begun.
    throw new CommandError(
      2,
      'No --workers under Deno: start several processes behind one front end',
    )
  }
  const count = /^[1-9]\d?$/.test(String(workers)) ? Number(workers) : 0
  if (count > 0 && count <= MAX_WORKERS) return count
  throw new CommandError(2, `Unusable --workers: want a number from 1 to ${MAX_WORKERS}`)
}

/** What a worker tells the process that started it, once it listens. */
export interface Hello {
  readonly kind: 'listening'
  readonly banner: string
}

/**
 * Keeps so many processes of this program, all listening on one port, and for all of them what may happen
 * once or must be known to each: they ask for it. One that dies is replaced. Gives the exit status.
 */
export function keepWorkers(platform: KeepingPlatform, count: number, log: Log): Promise<number> {
  return new Promise((stopped) => {
    const keeper = new Keeper({ platform, count, log, stopped })
    platform.onStop(() => keeper.stop(0))
    for (let at = 0; at < count; at += 1) keeper.start()
  })
}

/** What of the platform it needs. */
type KeepingPlatform = Pick<Platform, 'cluster' | 'onStop' | 'write'>

interface Keeping {
  readonly platform: KeepingPlatform
  readonly count: number
  readonly log: Log
  stopped(status: number): void
}

class Keeper {
  readonly #of: Keeping
  readonly #shared = createSharedStore(Date.now)
  readonly #workers = new Set<WorkerProcess>()
  #greeted = 0
  #status: number | undefined

  constructor(of: Keeping) {
    this.#of = of
  }

  /** Starts one more, in place of one that ended with this status. */
  start(ended?: number): void {
    let hasGreeted = false
    const worker = this.#of.platform.cluster.start()
    this.#workers.add(worker)
    this.#shared.serve(worker)
    worker.onMessage((message) => {
      if (!isHello(message)) return
      hasGreeted = true
      this.#greet(message, ended)
    })
    worker.onEnd((status) => {
      this.#workers.delete(worker)
      this.#shared.forget(worker)
      if (this.#status !== undefined) this.stop(this.#status)
      else this.#replace(status, hasGreeted)
    })
  }

  /** Stops all workers, and then this process with the status. */
  stop(status: number): void {
    // Once only: the second signal would end a worker that still answers.
    if (this.#status === undefined) for (const worker of this.#workers) worker.stop()
    this.#status ??= status
    if (this.#workers.size === 0) this.#of.stopped(this.#status)
  }

  #greet({ banner }: Hello, ended: number | undefined): void {
    if (ended !== undefined) {
      this.#of.log('error', 'A worker ended and was replaced', { status: String(ended) })
      return
    }
    this.#greeted += 1
    if (this.#greeted === this.#of.count) this.#of.platform.write(banner)
  }

  #replace(status: number, hasGreeted: boolean): void {
    // What fails at its start, for want of a port or a file, has said why and would fail again.
    if (!hasGreeted) {
      this.stop(status === 0 ? 1 : status)
      return
    }
    this.start(status)
  }
}

function isHello(message: unknown): message is Hello {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    message.kind === 'listening' &&
    'banner' in message &&
    typeof message.banner === 'string'
  )
}
