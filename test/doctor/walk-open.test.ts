import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isWell } from '../../src/doctor/report.ts'
import { clientOf, diagnose, stepOf } from '../support/doctor.ts'
import { challenge, GOOD, GOOD_SERVER, play } from '../support/scripted-server.ts'

const URL_ = 'https://mcp.example.com/mcp'
const ISSUER = 'https://mcp.example.com'
const SERVER = 'GET /.well-known/oauth-authorization-server'

describe('examine at a server that lets anybody in', () => {
  it('examines the sign-in of a server that asks for it behind an open handshake', async () => {
    const result = { protocolVersion: '2025-06-18', serverInfo: { name: 'mixed' } }
    const mcp = async (request: Request) => {
      const { method }: { method?: string } = await request.json()
      const unauthorized = challenge(`${ISSUER}/.well-known/oauth-protected-resource/mcp`)
      return method === 'tools/list'
        ? unauthorized()
        : Response.json({ jsonrpc: '2.0', id: 1, result })
    }
    const report = await diagnose(URL_, play({ ...GOOD, 'POST /mcp': mcp }).fetch)
    const mistaken = await diagnose(
      URL_,
      play({ ...GOOD, 'POST /mcp': mcp, 'GET /authorize': 500 }).fetch,
    )

    assert.ok(isWell(report), JSON.stringify(report, null, 1))
    assert.match(stepOf(report, 'tools')?.seen ?? '', /401, so it asks for a sign-in/)
    assert.equal(stepOf(report, 'authorize')?.mark, 'well')
    assert.equal(clientOf(report, 'Cursor')?.why, 'gets through')
    assert.equal(clientOf(mistaken, 'Cursor')?.mark, 'failed')
  })

  it('lets nobody through at an open server whose handshake fails', async () => {
    let count = 0
    const result = { protocolVersion: '2025-06-18', serverInfo: { name: 'open' } }
    const once = () => {
      count += 1
      return count === 1
        ? Response.json({ jsonrpc: '2.0', id: 1, result })
        : new Response('', { status: 500 })
    }
    const report = await diagnose(URL_, play({ 'POST /mcp': once }).fetch)

    assert.equal(stepOf(report, 'handshake')?.mark, 'failed')
    for (const { client, mark } of report.clients) assert.equal(mark, 'failed', client)
  })

  it('says at an open server who is led astray by metadata beside it', async () => {
    const result = { protocolVersion: '2025-06-18', serverInfo: { name: 'open' } }
    const mcp = () => Response.json({ jsonrpc: '2.0', id: 1, result })
    const report = await diagnose(URL_, play({ 'POST /mcp': mcp, [SERVER]: GOOD_SERVER }).fetch)

    assert.match(clientOf(report, 'Claude')?.why ?? '', /led into a sign-in/)
    assert.equal(clientOf(report, 'Cursor')?.mark, 'well')
  })
})
