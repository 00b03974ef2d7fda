/** A client's connection, as far as HTTP/1.1 needs it. */
export interface Wire {
  readonly remoteAddress: string
  /** Writes text of one character for each byte, or bytes; false when it would rather wait for `onDrain`. */
  write(data: string | Uint8Array): boolean
  pause(): void
  resume(): void
  /** No more is written; what the client still says arrives. Calls back once the system has taken all. */
  end(taken: () => void): void
  destroy(): void
}

/** What happens on a connection. */
export interface WireEvents {
  onData(chunk: Buffer): void
  onDrain(): void
  /** The client sends no more, or the connection is closed; maybe more than once. */
  onGone(): void
  /** The connection is closed. */
  onClosed(): void
}

/** Something that takes connections. */
export interface WireListener {
  readonly port: number
  /** Takes no more of them; resolves when those that are open have ended. */
  close(): Promise<void>
}

/** Takes connections at an address; rejects with the runtime's own error and its `code`. */
export type ListenForWires = (
  at: { readonly host: string; readonly port: number },
  accept: (wire: Wire) => WireEvents,
) => Promise<WireListener>

/** Streams may be quiet for long: whether anybody is still there, the system asks after a minute (milliseconds). */
export const KEEP_ALIVE_DELAY = 60_000
/** Connections that wait to be taken, where the system allows so many. */
export const BACKLOG = 4_096
