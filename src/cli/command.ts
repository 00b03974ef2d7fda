import type { Platform } from '../platform/platform.ts'

/** What a command gets: the runtime and the options it was called with. */
export interface Invocation {
  readonly platform: Platform
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly words: readonly string[]
}

/** A failure with a message for people, and the exit status it ends in: 1 a run failed, 2 unusable input. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly status: 1 | 2

  constructor(status: 1 | 2, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.status = status
  }
}
