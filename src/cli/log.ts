import {
  configureSync,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
} from '@logtape/logtape'
import type { Config } from '../config/config.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../platform/platform.ts'

/** The log of this process, on standard error, in the configured format. */
export function createLog({ level, format }: Config['log'], platform: Platform): Log {
  const formatRecord = format === 'json' ? getJsonLinesFormatter({ properties: 'flatten' }) : pretty
  configureSync({
    sinks: { stderr: (record) => platform.writeError(formatRecord(record)) },
    loggers: [
      { category: 'mcp-oauth-proxy', lowestLevel: level, sinks: ['stderr'] },
      { category: ['logtape', 'meta'], lowestLevel: 'error', sinks: ['stderr'] },
    ],
    reset: true,
  })
  const logger = getLogger('mcp-oauth-proxy')
  return (severity, message, details = {}) => logger[severity](message, { ...details })
}

const formatText = getTextFormatter({ timestamp: 'time' })

function pretty(record: LogRecord): string {
  const line = formatText(record).trimEnd()
  const details = Object.entries(record.properties).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  )
  return `${[line, ...details].join(' ')}\n`
}
