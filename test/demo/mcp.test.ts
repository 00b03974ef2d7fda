import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callTool, createDemoUser, createMcpRequest, createSession, ORIGIN } from './demo-user.ts'

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' }
const PROGRESS = { progressToken: 'p' }

describe('authorization of /mcp', () => {
  it('challenges a request without token', async () => {
    const { demo } = createDemoUser()

    const response = await demo.fetch(new Request(`${ORIGIN}/mcp`, { method: 'POST' }))

    assert.equal(response.status, 401)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
  })

  it('challenges a token that it did not issue', async () => {
    const { demo } = createDemoUser()

    const response = await demo.fetch(createMcpRequest('guess', PING))

    assert.equal(response.status, 401)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
  })

  it('challenges a token older than an hour', async () => {
    const { clock, post } = await createSession()
    clock.time += 3_600_000

    assert.equal((await post(PING)).status, 401)
  })

  for (const method of ['GET', 'DELETE', 'PUT']) {
    it(`answers ${method} with 405`, async () => {
      const { demo } = createDemoUser()

      const response = await demo.fetch(new Request(`${ORIGIN}/mcp`, { method }))

      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), 'POST')
    })
  }
})

describe('JSON-RPC at /mcp', () => {
  const versions = [
    ['2025-03-26', '2025-03-26'],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
  ]
  for (const [asked, given] of versions) {
    it(`negotiates ${given} when asked for ${asked}`, async () => {
      const { post } = await createSession()
      const params = { protocolVersion: asked, capabilities: {}, clientInfo: {} }

      const response = await post({ jsonrpc: '2.0', id: 0, method: 'initialize', params })

      const { id, result } = await response.json()
      assert.equal(id, 0)
      assert.equal(result.protocolVersion, given)
      assert.equal(response.headers.get('mcp-session-id'), null)
    })
  }

  it('answers a ping', async () => {
    const { post } = await createSession()

    assert.deepEqual(await (await post(PING)).json(), { jsonrpc: '2.0', id: 1, result: {} })
  })

  const unanswered = [INITIALIZED, { jsonrpc: '2.0', id: 1, result: {} }, [INITIALIZED]]
  for (const body of unanswered) {
    it(`accepts ${JSON.stringify(body)} without an answer`, async () => {
      const { post } = await createSession()

      const response = await post(body)

      assert.equal(response.status, 202)
      assert.equal(await response.text(), '')
    })
  }

  const failures: [unknown, number, number][] = [
    ['{', 400, -32700],
    ['', 400, -32700],
    [[], 400, -32600],
    [null, 400, -32600],
    [{ ...PING, jsonrpc: '1.0' }, 400, -32600],
    [{ ...PING, id: null }, 400, -32600],
    [{ ...PING, params: [1] }, 400, -32600],
    [{ ...PING, method: 'server/discover' }, 200, -32601],
    [{ ...PING, method: 'constructor' }, 200, -32601],
    [{ ...PING, method: 'initialize' }, 200, -32602],
    [callTool('constructor'), 200, -32602],
    [{ ...PING, method: 'tools/call', params: {} }, 200, -32602],
    [callTool('add', {}, { progressToken: {} }), 200, -32602],
  ]
  for (const [body, status, code] of failures) {
    it(`answers ${code} to ${JSON.stringify(body)}`, async () => {
      const { post } = await createSession()

      const response = await post(body)

      assert.equal(response.status, status)
      assert.equal((await response.json()).error.code, code)
    })
  }

  it('answers a batch as an array, without its notifications', async () => {
    const { post } = await createSession()
    const countdown = callTool('countdown', { from: 2, delayMs: 0 }, PROGRESS)

    const answers = await (await post([PING, INITIALIZED, countdown, 5])).json()

    assert.equal(answers.length, 3)
    assert.deepEqual(answers[0], { jsonrpc: '2.0', id: 1, result: {} })
    assert.equal(answers[1].result.content[0].text, 'Counted down from 2.')
    assert.equal(answers[2].error.code, -32600)
  })

  it('refuses a body that is not JSON by its type', async () => {
    const { post } = await createSession()

    assert.equal((await post(PING, { 'Content-Type': 'text/plain' })).status, 415)
  })

  it('refuses a body over 64 KiB', async () => {
    const { post } = await createSession()

    assert.equal((await post(' '.repeat(65 * 1024))).status, 413)
  })

  it('refuses an unsupported MCP-Protocol-Version, but for what negotiates it', async () => {
    const { post } = await createSession()
    const headers = { 'MCP-Protocol-Version': '2026-07-28' }

    assert.equal((await post(PING, headers)).status, 400)
    assert.equal((await post({ ...PING, method: 'server/discover' }, headers)).status, 200)
    assert.equal((await post(PING, { 'MCP-Protocol-Version': '2025-06-18' })).status, 200)
  })
})
