import type { Config } from '../config/config.ts'
import type { Invocation } from './command.ts'
import { tabulate } from './describe-server.ts'
import { createInspector, type Finding } from './online.ts'
import { readConfig } from './read-config.ts'

/** `check`: validates the configuration, shows what it means, and with `--online` asks whether it works. */
export async function check(invocation: Invocation): Promise<number> {
  const { platform, values } = invocation
  const { config, notes } = await readConfig(invocation)
  const lines = [...notes, tabulate(config.servers), 'The configuration is valid']
  platform.write(`${lines.join('\n')}\n`)
  return values['online'] === true ? checkOnline(invocation, config) : 0
}

async function checkOnline({ platform }: Invocation, config: Config): Promise<number> {
  const inspect = createInspector(platform, config.tokenCache)
  const reports = await Promise.all(
    config.servers.map(async (server) => ({ name: server.name, findings: await inspect(server) })),
  )
  for (const { name, findings } of reports) {
    platform.write(`\n${[name, ...findings.map((finding) => lineOf(name, finding))].join('\n')}\n`)
  }
  return reports.every(({ findings }) => findings.every(({ isWell }) => isWell)) ? 0 : 1
}

function lineOf(name: string, { isWell, text, remedy, entry }: Finding): string {
  if (isWell) return `  ok    ${text}`
  return `  FAIL  ${text}\n        change ${entry ?? `mcp_servers.${name}`}: ${remedy}`
}
