import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { Child } from '../support/child.ts'
import { portOf } from '../support/proxy.ts'
import { type Runtime, serve } from './runtimes.ts'

/** A proxy on a runtime, before an upstream that answers as it is told. */
export interface WireLab {
  readonly base: string
  readonly port: number
  /** How many requests have arrived upstream. */
  readonly arrived: number
  answer: (request: IncomingMessage, response: ServerResponse) => void
}

/** Starts both before the tests of this suite, and ends them behind these. */
export function createWireLab(runtime: Runtime): WireLab {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let upstream: Server
  let proxy: { readonly child: Child; readonly base: string }
  let arrived = 0

  const lab = {
    answer: (_: IncomingMessage, response: ServerResponse) => void response.end(),
    get base() {
      return proxy.base
    },
    get port() {
      return Number(new URL(proxy.base).port)
    },
    get arrived() {
      return arrived
    },
  }

  before(async () => {
    upstream = createServer((incoming, outgoing) => {
      arrived += 1
      lab.answer(incoming, outgoing)
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const config = join(folder, 'config.yaml')
    const url = `http://127.0.0.1:${portOf(upstream)}/mcp`
    writeFileSync(
      config,
      `secret_keys: [${'k'.repeat(43)}]
mcp_servers:
  demo: { url: 'builtin:demo', auth_type: oauth2 }
  open: { url: '${url}', auth_type: none, access: open }`,
    )
    proxy = await serve(runtime, config)
  })

  after(async () => {
    await proxy?.child.stop()
    upstream?.closeAllConnections()
    upstream?.close()
    rmSync(folder, { recursive: true })
  })

  return lab
}
