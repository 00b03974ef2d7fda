import { parseArgs } from 'node:util'

/** The command line: a command's words and its options. */
export type Options =
  | {
      readonly kind: 'options'
      readonly words: readonly string[]
      readonly values: Readonly<Record<string, string | boolean | undefined>>
    }
  | { readonly kind: 'unusable'; readonly message: string }

/** Parses the command line; options that no command knows make it unusable. */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
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
      },
    })
    return { kind: 'options', words: positionals, values }
  } catch (error) {
    return { kind: 'unusable', message: error instanceof Error ? error.message : 'Unusable' }
  }
}
