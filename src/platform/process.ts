import { openBrowser } from './browser.ts'
import { listenByBun } from './bun-listener.ts'
import { createCluster } from './cluster.ts'
import { readOrCreatePrivateFile, readText, stateFolder } from './files.ts'
import { createGuardedFetch } from './guarded-fetch.ts'
import { listen } from './http-server.ts'
import { listenByNet } from './net-listener.ts'
import type { Platform } from './platform.ts'
import { tuneV8 } from './tune-v8.ts'
import { createUpstreamDispatch } from './upstream-dispatch.ts'

/**
 * What all three runtimes offer by Node's own modules. HTTP/1.1 is read and written here, toward clients
 * and upstream: one way of reading for all of them, and a third of the time that their own servers and clients take.
 */
export function createProcessPlatform(name: Platform['name']): Platform {
  if (name === 'node') tuneV8()
  const dispatch = createUpstreamDispatch()
  const cluster = createCluster()
  // Workers share a port by node:cluster, which knows of node:net.
  const listenForWires = name === 'bun' && cluster.primary === undefined ? listenByBun : listenByNet
  return {
    name,
    args: process.argv.slice(2),
    env: process.env,
    listen: (listening) => listen(listening, { dispatch, listenForWires }),
    fetchGuarded: createGuardedFetch(),
    cluster,
    readText,
    readOrCreatePrivateFile,
    get stateFolder() {
      return stateFolder(process.env)
    },
    openBrowser: (url) => openBrowser(url, process.env),
    // Not process.stdout, which is slow to come up on Bun.
    write: (text) => console.log(text.replace(/\n$/, '')),
    writeError: (text) => void process.stderr.write(text),
    exit: (status) => process.exit(status),
    onStop(stop) {
      process.once('SIGINT', stop)
      process.once('SIGTERM', stop)
    },
  }
}
