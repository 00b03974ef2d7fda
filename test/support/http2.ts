import { once } from 'node:events'
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2'
import { connect } from 'node:tls'
import type { RawAnswer, RawWay } from './raw.ts'

/** Sends these very headers over HTTP/2; status 0 is a refusal without an answer. */
export async function sendHttp2(
  port: number,
  headers: OutgoingHttpHeaders,
  tls: NonNullable<RawWay['tls']>,
): Promise<RawAnswer> {
  const session = connectHttp2(`https://${tls.servername}:${port}`, {
    createConnection: () => connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], ...tls }),
  })
  session.on('error', () => undefined)
  try {
    const stream = session.request(headers)
    const [answer] = await once(stream, 'response')
    let text = Object.entries(answer)
      .map(([name, value]) => `${name}: ${String(value)}\r\n`)
      .join('')
    for await (const chunk of stream) text += String(chunk)
    return { status: Number(answer[':status']), text }
  } catch {
    return { status: undefined, text: '' }
  } finally {
    session.destroy()
  }
}
