import { connect } from 'node:net'

/** What came back over a socket. */
export interface RawAnswer {
  readonly status: number | undefined
  readonly text: string
}

const PATIENCE = 5_000 // milliseconds; only a proxy that hangs gets there

/** Sends these very bytes to a port, and reads until the other side closes. */
export function sendRaw(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    const patience = setTimeout(
      () => socket.destroy(new Error(`No end to the answer: ${text}`)),
      PATIENCE,
    )
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(patience)
      const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(text) ?? []
      resolve({ status: status === undefined ? undefined : Number(status), text })
    })
  })
}
