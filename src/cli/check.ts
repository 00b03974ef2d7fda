import type { Invocation } from './command.ts'
import { readConfig } from './read-config.ts'

/** `check`: validates the configuration without serving it. */
export function check(invocation: Invocation): number {
  const { config, notes } = readConfig(invocation)
  const names = config.servers.map(({ name }) => name)
  const lines = [...notes, `The configuration is valid, its servers are: ${names.join(', ')}`]
  invocation.platform.write(`${lines.join('\n')}\n`)
  return 0
}
