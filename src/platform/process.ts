import process from 'node:process'
import { openBrowser } from './browser.ts'
import { createCluster } from './cluster.ts'
import { readOrCreatePrivateFile, readText, stateFolder } from './files.ts'
import { createGuardedFetch } from './guarded-fetch.ts'
import { listen } from './http-server.ts'
import type { Platform } from './platform.ts'
import { createUndiciDispatch } from './undici-dispatch.ts'

/**
 * What all three runtimes offer by Node's own modules. Upstream connections are undici's on each of them: on Bun and
 * Deno it was measured to be faster than their own fetch, and it leaves bodies as they came.
 */
export function createProcessPlatform(name: Platform['name']): Platform {
  const dispatch = createUndiciDispatch()
  return {
    name,
    args: process.argv.slice(2),
    env: process.env,
    listen: (listening) => listen(listening, dispatch),
    fetchGuarded: createGuardedFetch(),
    cluster: createCluster(),
    readText,
    readOrCreatePrivateFile,
    get stateFolder() {
      return stateFolder(process.env)
    },
    openBrowser: (url) => openBrowser(url, process.env),
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    exit: (status) => process.exit(status),
    onStop(stop) {
      process.once('SIGINT', stop)
      process.once('SIGTERM', stop)
    },
  }
}
