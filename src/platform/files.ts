import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The text of a file; throws what the runtime throws. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

/** Where this user's programs keep their state (XDG Base Directory). */
export function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state')
  return join(base, 'mcp-oauth-proxy')
}

/** Reads a private file, or makes it; a link in its place is refused (THREATS T93). */
export function readOrCreatePrivateFile(path: string, content: string): string {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // Another process may have made it meanwhile: then its key is the one.
    writeNew(path, content)
  }
  if (!lstatSync(path).isFile()) throw new Error(`Cannot use ${path}: it is not a plain file`)
  return readFileSync(path, 'utf8')
}

function writeNew(path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // only fs throws here
  }
}
