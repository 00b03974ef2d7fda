import type { HeaderFields } from '../request/exchange.ts'

/** Header lines as a platform reads them, name and value in turn; lines of one name are joined (RFC 9110 §5.3). */
export class WireHeaders implements HeaderFields {
  readonly #fields = new Map<string, string>()

  constructor(raw: readonly string[]) {
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = (raw[at] ?? '').toLowerCase()
      const value = raw[at + 1] ?? ''
      const before = this.#fields.get(name)
      this.#fields.set(name, before === undefined ? value : `${before}, ${value}`)
    }
  }

  get(name: string): string | null {
    return this.#fields.get(name) ?? null
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#fields[Symbol.iterator]()
  }
}
