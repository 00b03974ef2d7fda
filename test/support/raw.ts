import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** What came back over a socket. */
export interface RawAnswer {
  readonly status: number | undefined
  readonly text: string
}

/** Who sends, and how. */
export interface RawWay {
  /** This machine's address to send from. */
  readonly from?: string
  /** The certificate to trust and the name to ask for, where TLS is spoken. */
  readonly tls?: { readonly ca: string; readonly servername: string }
}

const PATIENCE = 5_000 // milliseconds; only a proxy that hangs gets there

/** Sends these very bytes to a port, and reads until the other side closes. */
export function sendRaw(
  port: number,
  bytes: string,
  { from = '127.0.0.1', tls }: RawWay = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = ''
    const plain = connect({ port, host: '127.0.0.1', localAddress: from })
    const socket = tls === undefined ? plain : connectTls({ socket: plain, ...tls })
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      socket.write(bytes, 'latin1')
    })
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
