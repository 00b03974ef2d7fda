import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isWell } from '../../src/doctor/report.ts'
import { clientOf, diagnose, stepOf } from '../support/doctor.ts'
import { challenge, GOOD, GOOD_SERVER, play, type Script } from '../support/scripted-server.ts'

const ISSUER = 'https://mcp.example.com'
const URL_ = `${ISSUER}/mcp`
const SERVER = 'GET /.well-known/oauth-authorization-server'
const RESOURCE = 'GET /.well-known/oauth-protected-resource/mcp'
const { [SERVER]: _server, [RESOURCE]: _resource, ...BARE } = GOOD
const unauthorized = () =>
  new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer' } })
const OLD: Script = {
  ...BARE,
  'POST /mcp': unauthorized,
  'GET /mcp': unauthorized,
  'HEAD /mcp': unauthorized,
}
const OF_SDK = ['TypeScript SDK 1.x', 'TypeScript SDK 2.x', 'Cursor', 'MCP Inspector']

describe('walkClient where there is no metadata', () => {
  it('lets nobody through who can not register', async () => {
    const report = await diagnose(URL_, play({ ...OLD, 'POST /register': 401 }).fetch)

    for (const client of [...OF_SDK, 'VS Code', 'clients of 2025-03-26']) {
      assert.equal(clientOf(report, client)?.mark, 'failed', client)
    }
  })

  for (const status of [401, 403, 404, 405, 500]) {
    it(`takes ${status} at /authorize for a front end that answers by itself`, async () => {
      const script = { ...OLD, 'GET /authorize': status }
      const report = await diagnose(URL_, play(script).fetch, { clientId: 'by-hand' })

      for (const client of OF_SDK) assert.equal(clientOf(report, client)?.mark, 'failed', client)
    })
  }

  it('lets those through who know the endpoints of old', async () => {
    const report = await diagnose(URL_, play(OLD).fetch)

    for (const client of OF_SDK) assert.equal(clientOf(report, client)?.mark, 'well', client)
    assert.equal(clientOf(report, 'Gemini CLI')?.mark, 'failed')
  })
})

describe('walkClient where the challenge names a place without metadata', () => {
  const elsewhere = `${ISSUER}/as`
  const script: Script = {
    ...GOOD,
    'POST /mcp': challenge(`${ISSUER}/wrong`),
    [RESOURCE]: { resource: URL_, authorization_servers: [elsewhere] },
    [SERVER]: 404,
    'GET /authorize': 404,
  }
  const endpoints = {
    authorization_endpoint: `${elsewhere}/authorize`,
    token_endpoint: `${elsewhere}/token`,
    registration_endpoint: `${elsewhere}/register`,
  }
  const server = { ...GOOD_SERVER, issuer: elsewhere, ...endpoints }
  const behind: Script = {
    ...script,
    'GET /.well-known/oauth-authorization-server/as': server,
    'GET /as/authorize': '<title>Sign in</title>',
    'POST /as/register': GOOD['POST /register'] ?? 404,
    'POST /as/token': GOOD['POST /token'] ?? 404,
    'POST /register': 404,
  }

  it('sends the official SDK to the origin, and nowhere else', async () => {
    const report = await diagnose(URL_, play(behind).fetch)

    for (const client of [...OF_SDK, 'Claude Code']) {
      assert.equal(clientOf(report, client)?.mark, 'failed', client)
      assert.equal(clientOf(report, client)?.at, `${ISSUER}/register`, client)
    }
    for (const client of ['VS Code', 'Python SDK 2.x', 'Codex', 'mcp-remote']) {
      assert.equal(clientOf(report, client)?.mark, 'well', client)
    }
  })

  for (const [what, said] of [
    ['an error', 500],
    ['a web page', '<h1>Welcome</h1>'],
  ] as const) {
    it(`has the official SDK go on at the origin behind ${what}`, async () => {
      const { fetch } = play({
        ...GOOD,
        'POST /mcp': challenge(`${ISSUER}/wrong`),
        'GET /wrong': said,
      })
      const report = await diagnose(URL_, fetch)

      for (const client of OF_SDK) assert.equal(clientOf(report, client)?.mark, 'well', client)
      assert.equal(clientOf(report, 'Python SDK 2.x')?.mark, 'failed')
    })
  }
})

describe('walkClient where the official SDK refuses what it reads', () => {
  const { response_types_supported: _types, ...untyped } = GOOD_SERVER
  const registers = (members: object) => () =>
    Response.json({ client_id: 'the-client', ...members }, { status: 201 })
  const redirect_uris = ['http://127.0.0.1:33418/callback']
  for (const [what, script, step, why] of [
    ['response_types_supported is missing', { [SERVER]: untyped }, 'endpoints', /metadata/],
    ['redirect_uris is missing', { 'POST /register': registers({}) }, 'registration', /answer/],
    [
      'client_uri is null',
      { 'POST /register': registers({ redirect_uris, client_uri: null }) },
      'registration',
      /answer/,
    ],
    [
      'client_secret is null',
      { 'POST /register': registers({ redirect_uris, client_secret: null }) },
      'registration',
      /answer/,
    ],
  ] as const) {
    it(`says that ${what}, and stops whoever is built on it`, async () => {
      const report = await diagnose(URL_, play({ ...GOOD, ...script }).fetch)

      assert.equal(isWell(report), false)
      assert.ok(stepOf(report, step)?.seen.includes(what), JSON.stringify(stepOf(report, step)))
      assert.match(stepOf(report, step)?.cause ?? '', /official TypeScript SDK/)
      for (const client of OF_SDK) {
        assert.match(clientOf(report, client)?.why ?? '', why)
        assert.ok(clientOf(report, client)?.why.includes(what), client)
      }
      assert.equal(clientOf(report, 'Python SDK 2.x')?.mark, 'well')
      assert.equal(stepOf(report, 'authorize')?.mark, 'well')
    })
  }

  it('has it go on without resource metadata that holds a null', async () => {
    const resource = { resource: URL_, authorization_servers: [ISSUER], resource_name: null }
    const report = await diagnose(URL_, play({ ...GOOD, [RESOURCE]: resource }).fetch)

    assert.match(stepOf(report, 'resource')?.seen ?? '', /resource_name is null/)
    assert.equal(clientOf(report, 'TypeScript SDK 1.x')?.mark, 'well')
  })
})

describe('walkClient where the sign-in itself fails', () => {
  const desk = {
    redirectUri: 'http://127.0.0.1:33418/callback',
    show: async () => undefined,
    waitForCallback: () => Promise.reject(new Error('nobody came back')),
  }
  it('lets nobody through whom the authorization endpoint does not let in', async () => {
    for (const status of [500, 403]) {
      const report = await diagnose(URL_, play({ ...GOOD, 'GET /authorize': status }).fetch)

      for (const { client, mark } of report.clients) assert.equal(mark, 'failed', client)
    }
    const report = await diagnose(URL_, play(GOOD).fetch, { desk })
    for (const { client, mark } of report.clients) assert.equal(mark, 'failed', client)
  })

  it('lets nobody through where the token endpoint is none', async () => {
    const report = await diagnose(URL_, play({ ...GOOD, 'POST /token': 404 }).fetch)

    for (const { client, mark, why } of report.clients) {
      assert.equal(mark, 'failed', client)
      assert.match(why, /token, which failed/)
    }
  })
})

describe('walkClient where several servers share a root', () => {
  it('asks without resource, as clients do that know of none', async () => {
    const authorize = (request: Request) =>
      new Response('<title>Sign in</title>', {
        status: new URL(request.url).searchParams.has('resource') ? 200 : 404,
      })
    const report = await diagnose(URL_, play({ ...GOOD, 'GET /authorize': authorize }).fetch)

    const finding = clientOf(report, 'clients of 2025-03-26')
    assert.equal(finding?.mark, 'failed')
    assert.match(finding?.why ?? '', /without resource: 404/)
    assert.equal(clientOf(report, 'VS Code')?.mark, 'well')
  })
})

describe('walkClient where the metadata does not list S256', () => {
  it('stops only those who want it listed, unless other methods are', async () => {
    const { code_challenge_methods_supported: _methods, ...unlisted } = GOOD_SERVER
    const plain = { ...GOOD_SERVER, code_challenge_methods_supported: ['plain'] }
    const [without, other] = await Promise.all(
      [unlisted, plain].map((server) => diagnose(URL_, play({ ...GOOD, [SERVER]: server }).fetch)),
    )

    assert.ok(without !== undefined && other !== undefined)
    assert.equal(clientOf(without, 'ChatGPT')?.mark, 'failed')
    for (const client of OF_SDK) {
      assert.equal(clientOf(without, client)?.mark, 'well', client)
      assert.equal(clientOf(other, client)?.mark, 'failed', client)
    }
  })
})
