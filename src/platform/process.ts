import process from 'node:process'
import { openBrowser } from './browser.ts'
import { readOrCreatePrivateFile, readText, stateFolder } from './files.ts'
import { createGuardedFetch } from './guarded-fetch.ts'
import { listen } from './http-server.ts'
import type { Platform } from './platform.ts'

/** What all three runtimes offer by Node's own modules. */
export function createProcessPlatform(): Omit<Platform, 'name' | 'upstream'> {
  return {
    args: process.argv.slice(2),
    env: process.env,
    listen,
    fetchGuarded: createGuardedFetch(),
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
