import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Child, findFreePort } from '../support/child.ts'
import { authorizeQuery, LOOPBACK, VERIFIER } from '../support/flow.ts'
import { portOf } from '../support/proxy.ts'
import { RUNTIMES, type Runtime, startProgram } from './runtimes.ts'

const WORKERS = 2
/** Enough connections that one worker alone does not get them all. */
const TRIES = 12

for (const runtime of RUNTIMES.filter(({ name }) => name !== 'Deno')) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`workers on ${runtime.name}`, { skip }, () => tell(runtime))
}

function tell(runtime: Runtime): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let provider: Server
  let child: Child
  let base: string

  before(async () => {
    provider = createServer((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('Content-Type', 'application/json')
        response.end(GRANTED)
      })
    })
    provider.listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const config = join(folder, 'config.yaml')
    const there = `http://127.0.0.1:${portOf(provider)}`
    writeFileSync(
      config,
      `secret_keys: [${'k'.repeat(43)}]
consent: never
mcp_servers:
  s: { url: '${there}/mcp', auth_type: oauth2, client_id: c, client_secret: t, authorization_url: '${there}/a', token_url: '${there}/t' }`,
    )
    const port = String(await findFreePort())
    const own = ['--config', config, '--port', port, '--workers', String(WORKERS)]
    child = startProgram(runtime, own)
    ;[, base = ''] = await child.waitFor(/listens on (http:\/\/\S+)/)
  })

  after(async () => {
    await child?.stop()
    provider?.closeAllConnections()
    provider?.close()
    rmSync(folder, { recursive: true })
  })

  /** Each on a connection of its own, so that any worker may get it. */
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${base}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { ...init.headers, connection: 'close' },
    })

  async function obtainCode(): Promise<string> {
    const begun = await ask(`/s/authorize?${authorizeQuery({ client_id: 's' })}`)
    const [cookie = ''] = begun.headers.getSetCookie().map((line) => line.split(';')[0])
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const query = new URLSearchParams({ code: 'code', state })
    const back = await ask(`/s/callback?${query}`, { headers: { cookie } })
    return new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
  }

  const redeem = (code: string) =>
    ask('/s/token', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 's',
        redirect_uri: LOOPBACK,
        code_verifier: VERIFIER,
        code,
      }),
    })

  const call = (token: string) =>
    ask('/s/mcp', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    })

  it('redeem a code once, whichever of them is asked', async () => {
    const code = await obtainCode()
    const answers = await Promise.all(Array.from({ length: TRIES }, () => redeem(code)))

    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [200, ...Array.from({ length: TRIES - 1 }, () => 400)])
  })

  it('know all of a session that was ended at one of them', async () => {
    const tokens: unknown = await (await redeem(await obtainCode())).json()
    assert.ok(typeof tokens === 'object' && tokens !== null && 'access_token' in tokens)
    const token = String(tokens.access_token)
    assert.equal((await call(token)).status, 200)
    const body = new URLSearchParams({ token, client_id: 's' })
    assert.equal((await ask('/s/revoke', { method: 'POST', body })).status, 200)

    const answers = await Promise.all(Array.from({ length: TRIES }, () => call(token)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array.from({ length: TRIES }, () => 401),
    )
  })

  it('are replaced when they die, and end with the one that started them', {
    skip: NO_PROC,
  }, async () => {
    const [worker] = childrenOf(child.pid)
    assert.ok(worker !== undefined)
    process.kill(worker, 'SIGKILL')
    await child.waitFor(/A worker ended and was replaced/)

    assert.equal((await ask('/healthz')).status, 200)
    const workers = childrenOf(child.pid)
    await child.stop()
    assert.equal(workers.some(isAlive), false)
  })
}

/** Where processes tell of their parents. */
const NO_PROC = existsSync('/proc/self/stat') ? false : 'no /proc here'

const GRANTED = JSON.stringify({
  access_token: 'a'.repeat(40),
  refresh_token: 'r'.repeat(40),
  token_type: 'Bearer',
  expires_in: 3600,
})

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid)
}

/** The fourth field, behind a name that may hold blanks and brackets; undefined once it is gone. */
function parentOf(pid: number): number | undefined {
  try {
    const [, parent] = /.*\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return Number(parent)
  } catch {
    return undefined
  }
}

/** A process that has ended but was not waited for counts as gone. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('workers', () => {
  for (const [what, runtimes, workers, message] of [
    ['are refused under Deno', RUNTIMES.filter(({ name }) => name === 'Deno'), '2', /No --workers/],
    ['are from 1 to 64', RUNTIMES.slice(0, 1), '65', /from 1 to 64/],
    ['are numbers', RUNTIMES.slice(0, 1), 'x', /from 1 to 64/],
    ['do not serve the demo', RUNTIMES.slice(0, 1), '2', /builtin:demo runs in one process/],
  ] as const) {
    for (const runtime of runtimes) {
      it(what, { skip: runtime.isInstalled ? false : 'not installed' }, async () => {
        const child = startProgram(runtime, ['--config', 'config.yaml', '--workers', workers])

        assert.equal(await child.ended(), 2)
        assert.match(child.output(), message)
      })
    }
  }
})
