import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import { type Child, findFreePort, start } from './child.ts'
import { portOf } from './proxy.ts'

/** The reference server, behind a guard that lets in only the provider's own tokens. */
export interface GuardedServer {
  readonly url: string
  /** Every Authorization header that came. */
  readonly credentials: readonly string[]
  close(): Promise<void>
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
/** The program of the reference server. */
export const EVERYTHING = 'node_modules/@modelcontextprotocol/server-everything/dist/index.js'

/** Starts `@modelcontextprotocol/server-everything`, which itself asks nobody for a token. */
export async function startEverything(
  transport: 'streamableHttp' | 'sse',
  isValid: (token: string, resource: string) => Promise<boolean>,
  /** The provider that its metadata names, if it has metadata (RFC 9728). */
  issuer?: string,
): Promise<GuardedServer> {
  const port = await findFreePort()
  const child: Child = start(process.execPath, [EVERYTHING, transport], { PORT: String(port) })
  await child.waitFor(/port \d+/)
  const credentials: string[] = []
  const path = transport === 'sse' ? '/sse' : '/mcp'
  const guard = createServer(async (incoming, outgoing) => {
    if (issuer !== undefined && incoming.url === `${WELL_KNOWN}${path}`) {
      const metadata = { resource: url, authorization_servers: [issuer], scopes_supported: ['mcp'] }
      outgoing.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(metadata))
      return
    }
    const credential = incoming.headers.authorization ?? ''
    credentials.push(credential)
    if (!(await isValid(credential.replace('Bearer ', ''), url))) {
      outgoing.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end()
      return
    }
    const { method, headers, url: target } = incoming
    const onward = send({ port, method, headers, path: target }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  guard.listen(0, '127.0.0.1')
  await once(guard, 'listening')
  const url = `http://127.0.0.1:${portOf(guard)}${path}`
  return {
    url,
    credentials,
    async close() {
      guard.closeAllConnections()
      guard.close()
      await once(guard, 'close')
      await child.stop()
    },
  }
}
