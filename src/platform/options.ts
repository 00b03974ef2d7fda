/** The command line: a command's words and its options. */
export type Options =
  | {
      readonly kind: 'options'
      readonly words: readonly string[]
      readonly values: Readonly<Record<string, string | boolean | undefined>>
    }
  | { readonly kind: 'unusable'; readonly message: string }

const OPTIONS = {
  arguments: { type: 'string' },
  call: { type: 'string' },
  'client-id': { type: 'string' },
  config: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  help: { type: 'boolean' },
  json: { type: 'boolean' },
  login: { type: 'boolean' },
  online: { type: 'boolean' },
  version: { type: 'boolean' },
  workers: { type: 'string' },
} as const

/** Parses the command line; options that no command knows make it unusable. */
export function parseOptions(args: readonly string[]): Options {
  const values = readPairs(args)
  if (values !== undefined) return { kind: 'options', words: [], values }
  try {
    const { parseArgs } = process.getBuiltinModule('node:util')
    const parsed = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    return { kind: 'options', words: parsed.positionals, values: parsed.values }
  } catch (error) {
    return { kind: 'unusable', message: error instanceof Error ? error.message : 'Unusable' }
  }
}

/**
 * What most starts are given, `--config FILE` and the like: to load node:util takes Bun a tenth of the time in which a
 * bare server is up. Undefined for all else, which is node:util's to understand.
 */
function readPairs(args: readonly string[]): Record<string, string> | undefined {
  const values: Record<string, string> = {}
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at]?.replace(/^--/, '') ?? ''
    const value = args[at + 1]
    const isPair = `--${name}` === args[at] && STRINGS.has(name)
    if (!isPair || value === undefined || value.startsWith('-')) return undefined
    values[name] = value
  }
  return values
}

const STRINGS: ReadonlySet<string> = new Set(
  Object.entries(OPTIONS).flatMap(([name, { type }]) => (type === 'string' ? [name] : [])),
)
