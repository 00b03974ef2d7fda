import type { App } from '../app.ts'
import type { FetchGuarded } from '../http/guarded-fetch.ts'
import type { Channel } from '../store/shared.ts'

/** Where to listen, and what answers. */
export interface Listening {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  readonly app: App
}

/** A listener that is up. */
export interface Listener {
  readonly port: number
  /** Stops taking connections and ends those that are open. */
  close(): Promise<void>
}

/** Another process of this program, started by this one. */
export interface WorkerProcess extends Channel {
  /** Calls back once with its exit status. */
  onEnd(ended: (status: number) => void): void
  /** Asks it to stop. */
  stop(): void
}

/** Several processes of this program that share what they listen on. */
export interface Cluster {
  /** The way to the process that started this one as a worker; undefined where nobody did. */
  readonly primary: Channel | undefined
  /** Starts one more, with the arguments of this one. */
  start(): WorkerProcess
}

/** Everything the program needs from the runtime it runs on. */
export interface Platform {
  readonly name: 'node' | 'bun' | 'deno'
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Fetches what somebody else names, from addresses that are allowed only. */
  readonly fetchGuarded: FetchGuarded
  /** Rejects with a message for people when the address is taken or not ours. */
  listen(listening: Listening): Promise<Listener>
  readonly cluster: Cluster
  readText(path: string): string
  /** The text of a private file, made with this content if there is none yet (mode 0600). */
  readOrCreatePrivateFile(path: string, content: string): string
  /** The folder where this user's programs keep their state. */
  readonly stateFolder: string
  /** Opens a URL in the user's browser; false where there is none, or it may not be started. */
  openBrowser(url: string): Promise<boolean>
  /** Writes whole lines. */
  write(text: string): void
  writeError(text: string): void
  exit(status: number): never
  /** Calls back once when the program is asked to stop. */
  onStop(stop: () => void): void
}
