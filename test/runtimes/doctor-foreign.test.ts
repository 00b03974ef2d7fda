import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { isWell, type Mark, type Report } from '../../src/doctor/report.ts'
import { createBrowser } from '../support/browser.ts'
import { type Child, findFreePort, start } from '../support/child.ts'
import { clientOf, diagnose, stepOf } from '../support/doctor.ts'
import { EVERYTHING } from '../support/everything.ts'
import { startModernServer } from '../support/modern-server.ts'

const SDK_EXAMPLE =
  'node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server/simpleStreamableHttp.js'
const REDIRECT_URI = 'http://127.0.0.1:33418/callback'

function marksOf({ steps }: Report): Readonly<Record<string, Mark>> {
  return Object.fromEntries(steps.map(({ name, mark }) => [name, mark]))
}

describe('doctor at servers of others', () => {
  const children: Child[] = []
  after(async () => {
    for (const child of children) await child.stop()
  })

  it("signs in at the official SDK's server with its OAuth router", async () => {
    const [port, authPort] = [await findFreePort(), await findFreePort()]
    const env = { MCP_PORT: String(port), MCP_AUTH_PORT: String(authPort) }
    const server = start(process.execPath, [SDK_EXAMPLE, '--oauth'], env)
    children.push(server)
    await server.waitFor(/Server listening on port/)
    let callback: Promise<URL>
    const desk = {
      redirectUri: REDIRECT_URI,
      show: async (url: string) => {
        callback = createBrowser().visit(url, ({ href }) => href.startsWith(REDIRECT_URI))
      },
      waitForCallback: () => callback,
    }

    const report = await diagnose(`http://localhost:${port}/mcp`, fetch, { desk })

    const marks = marksOf(report)
    for (const step of ['connect', 'resource', 'PKCE', 'authorize', 'token', 'tools', 'stream']) {
      assert.equal(marks[step], 'well', JSON.stringify(report.steps, null, 1))
    }
    assert.equal(clientOf(report, 'TypeScript SDK 1.x')?.mark, 'well')
  })

  it('recognizes HTTP+SSE of 2024-11-05, and holds its endpoint to the origin', async () => {
    const port = await findFreePort()
    const server = start(process.execPath, [EVERYTHING, 'sse'], { PORT: String(port) })
    children.push(server)
    await server.waitFor(/port \d+/)

    const report = await diagnose(`http://127.0.0.1:${port}/sse`, fetch)

    assert.ok(isWell(report), JSON.stringify(report, null, 1))
    assert.match(stepOf(report, 'connect')?.seen ?? '', /HTTP\+SSE/)
    assert.match(stepOf(report, 'stream')?.seen ?? '', /the endpoint event came .*\/message/)
  })

  it('listens as the newest revision does, where that is all there is', async () => {
    const server = await startModernServer()

    const report = await diagnose(server.url, fetch)
    await server.close()

    assert.ok(isWell(report), JSON.stringify(report, null, 1))
    assert.equal(stepOf(report, 'stream')?.mark, 'well', JSON.stringify(report.steps, null, 1))
  })
})
