/** Severities, in LogTape's words. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

/** Writes one line of log; details are fields of our own choosing, never a secret or foreign text whole. */
export type Log = (
  level: LogLevel,
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void
