import type { Cluster as NodeCluster, Worker } from 'node:cluster'
import type { Cluster, WorkerProcess } from './platform.ts'

/** Processes that share a port by node:cluster, which Bun and Deno have as well. */
export function createCluster(): Cluster {
  return {
    primary: isWorker()
      ? {
          send: (message) => void process.send?.(message),
          onMessage: (listener) => void process.on('message', listener),
        }
      : undefined,
    start: () => toProcess(loadCluster().fork()),
  }
}

/** A worker has a channel to the process that started it; any other would load the module in vain. */
function isWorker(): boolean {
  return process.send !== undefined && loadCluster().isWorker
}

function loadCluster(): NodeCluster {
  // Typed as an import, whose default is what this gives.
  return process.getBuiltinModule('node:cluster') as unknown as NodeCluster
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
