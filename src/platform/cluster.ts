import cluster, { type Worker } from 'node:cluster'
import process from 'node:process'
import type { Cluster, WorkerProcess } from './platform.ts'

/** Processes that share a port by node:cluster, which Bun and Deno have as well. */
export function createCluster(): Cluster {
  return {
    primary: cluster.isWorker
      ? {
          send: (message) => void process.send?.(message),
          onMessage: (listener) => void process.on('message', listener),
        }
      : undefined,
    start: () => toProcess(cluster.fork()),
  }
}

function toProcess(worker: Worker): WorkerProcess {
  return {
    send(message) {
      // Anything that JSON can hold; it may have died a moment ago, which is for nobody to know.
      worker.process.send?.(message as string, () => undefined)
    },
    onMessage: (listener) => void worker.on('message', listener),
    onEnd: (ended) => void worker.once('exit', (status: number | null) => ended(status ?? 1)),
    stop: () => void worker.process.kill('SIGTERM'),
  }
}
