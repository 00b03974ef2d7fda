/** What sealing can't do: things that may happen once only. Rejects when it can't be reached. */
export interface Store {
  /** Claims an id for so many seconds; false if it is claimed already. */
  claim(id: string, seconds: number): Promise<boolean>
  /** Gives a claim back, because what it was for did not happen. */
  release(id: string): Promise<void>
}
