/** What sealing can't do: things that may happen once, or must be known to all. Rejects when out of reach. */
export interface Store {
  /** Claims an id for so many seconds; false if it is claimed already. */
  claim(id: string, seconds: number): Promise<boolean>
  /** Gives a claim back, because what it was for did not happen. */
  release(id: string): Promise<void>
  /** Keeps a text for so many seconds. */
  put(id: string, text: string, seconds: number): Promise<void>
  get(id: string): Promise<string | undefined>
  /** Ends a session; no token of it is good from now on. */
  revoke(session: string, seconds: number): Promise<void>
  /** Whether a session has been ended, from what this process knows: no I/O, a second late at most. */
  isRevoked(session: string): boolean
}
