import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isWell } from '../../src/doctor/report.ts'
import { DOCTOR_MISTAKES } from '../corpus/doctor-mistakes.ts'
import { clientOf, diagnose, networkOf, pasteOf, stepOf } from '../support/doctor.ts'
import { challenge, GOOD, GOOD_SERVER, play, type Script } from '../support/scripted-server.ts'

const URL_ = 'https://mcp.example.com/mcp'
const ISSUER = 'https://mcp.example.com'
const SERVER = 'GET /.well-known/oauth-authorization-server'
const RESOURCE = 'GET /.well-known/oauth-protected-resource/mcp'
describe('examine', () => {
  it('finds nothing wrong with a server that does all as it should', async () => {
    const report = await diagnose(URL_, play(GOOD).fetch)

    assert.ok(isWell(report), JSON.stringify(report, null, 1))
    assert.deepEqual(
      report.steps.filter(({ mark }) => mark !== 'well').map(({ name }) => name),
      ['handshake', 'stream'],
    )
    for (const { client, mark } of report.clients) assert.equal(mark, 'well', client)
  })

  it('asks for each document once', async () => {
    const { fetch, asked } = play(GOOD)

    await diagnose(URL_, fetch)

    const documents = asked.filter((one) => one.includes('/.well-known/'))
    assert.equal(new Set(documents).size, documents.length)
  })

  for (const { what, url = URL_, script, step, cause, paste, seen } of DOCTOR_MISTAKES) {
    it(`says what is wrong where ${what}`, async () => {
      const report = await diagnose(url, play({ ...GOOD, ...script }).fetch)

      const found = stepOf(report, step)
      assert.equal(found?.mark, 'failed', JSON.stringify(report.steps, null, 1))
      assert.match(found.cause ?? '', cause)
      if (paste !== undefined) assert.match(pasteOf(found), paste)
      if (seen !== undefined) assert.match(found.seen, seen)
    })
  }

  it('takes the resource of an origin with and without its slash', async () => {
    const origin: Script = {
      ...GOOD,
      'POST /': challenge(`${ISSUER}/.well-known/oauth-protected-resource`),
      'GET /': challenge(`${ISSUER}/.well-known/oauth-protected-resource`),
      'HEAD /': challenge(`${ISSUER}/.well-known/oauth-protected-resource`),
      'GET /.well-known/oauth-protected-resource': {
        resource: `${ISSUER}/`,
        authorization_servers: [ISSUER],
      },
    }
    for (const url of [ISSUER, `${ISSUER}/`]) {
      const report = await diagnose(url, play(origin).fetch)

      assert.equal(stepOf(report, 'resource')?.mark, 'well', url)
      assert.equal(clientOf(report, 'VS Code')?.mark, 'well', url)
    }
  })

  it('gives lines for http where http was typed', async () => {
    const local = 'http://127.0.0.1:4000'
    const named = `https://127.0.0.1:4000/.well-known/oauth-protected-resource/mcp`
    const report = await diagnose(`${local}/mcp`, play({ 'POST /mcp': challenge(named) }).fetch)

    assert.match(stepOf(report, 'challenge')?.cause ?? '', /https for http/)
    assert.match(pasteOf(stepOf(report, 'challenge')), /set-header X-Forwarded-Proto http\n/)
  })

  it('gives no route for a URL that names http for https', async () => {
    const url = 'https://localhost:8443/mcp'
    const named = 'http://localhost:8443/.well-known/oauth-protected-resource/mcp'
    const plain = 'The plain HTTP request was sent to HTTPS port'
    const fetch = networkOf((request) => {
      if (request.url === url) return challenge(named)()
      return new Response(plain, { status: 400, headers: { 'content-type': 'text/html' } })
    })
    const report = await diagnose(url, fetch)

    const step = stepOf(report, 'resource metadata, by the challenge')
    assert.match(step?.cause ?? '', /^http for https/)
    assert.equal(pasteOf(step), '')
  })

  it('says what to do where TLS fails', async () => {
    const failing = (code: string) =>
      networkOf(() =>
        Promise.reject(
          new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
        ),
      )
    const untrusted = await diagnose(URL_, failing('DEPTH_ZERO_SELF_SIGNED_CERT'))
    const none = await diagnose('https://localhost:8443/mcp', failing('EPROTO'))

    assert.match(stepOf(untrusted, 'connect')?.cause ?? '', /NODE_EXTRA_CA_CERTS.*DENO_CERT/)
    assert.match(
      pasteOf(stepOf(none, 'connect')),
      /curl -sI http:\/\/localhost:8443[\s\S]*listen 8443 ssl;[\s\S]*bind :8443 ssl/,
    )
  })

  it('tells connection failures apart', async () => {
    const error = (code: string) =>
      networkOf(() =>
        Promise.reject(
          new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
        ),
      )
    for (const [code, cause] of [
      ['ENOTFOUND', /has no address/],
      ['ECONNREFUSED', /nobody listens/],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', /signs itself/],
      ['CERT_HAS_EXPIRED', /has expired/],
      ['ERR_TLS_CERT_ALTNAME_INVALID', /for other names/],
      ['ETIMEDOUT', /firewall/],
    ] as const) {
      const { steps, clients } = await diagnose(URL_, error(code))
      assert.equal(steps.length, 1)
      assert.equal(clients.length, 0)
      assert.match(steps[0]?.cause ?? '', cause)
    }
  })

  it('stops reading a document that never ends', async () => {
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (out) => out.enqueue(new TextEncoder().encode('x'.repeat(65_536))),
        }),
      )
    const report = await diagnose(URL_, play({ ...GOOD, [SERVER]: endless }).fetch)

    assert.match(stepOf(report, 'server metadata, inserted')?.cause ?? '', /never ends/)
  })

  it('asks nothing at an address that is not on the internet when a server of the internet names it', async () => {
    const { fetch, asked } = play({
      ...GOOD,
      'POST /mcp': challenge('http://169.254.169.254/latest/meta-data'),
      [RESOURCE]: { resource: URL_, authorization_servers: ['http://127.0.0.1:8080'] },
    })
    const report = await diagnose(URL_, fetch)

    assert.equal(stepOf(report, 'challenge')?.mark, 'failed')
    assert.match(stepOf(report, 'issuer')?.cause ?? '', /address inside/)
    assert.ok(
      asked.every((one) => one.includes(ISSUER)),
      asked.join(),
    )
  })

  it('goes on without metadata as clients of 2025-03-26 did', async () => {
    const { [SERVER]: _server, [RESOURCE]: _resource, ...rest } = GOOD
    const bare = () =>
      new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer' } })
    const report = await diagnose(
      URL_,
      play({ ...rest, 'POST /mcp': bare, 'GET /mcp': bare }).fetch,
    )

    assert.equal(stepOf(report, 'challenge')?.mark, 'unseen')
    assert.equal(stepOf(report, 'registration')?.mark, 'well')
    assert.equal(stepOf(report, 'authorize')?.mark, 'well')
    assert.equal(clientOf(report, 'TypeScript SDK 2.x')?.mark, 'well')
    assert.match(clientOf(report, 'Codex')?.why ?? '', /finds no authorization server metadata/)
  })

  it('takes an id that was registered by hand, and registers nothing then', async () => {
    const { registration_endpoint: _endpoint, ...server } = GOOD_SERVER
    const { fetch, asked } = play({ ...GOOD, [SERVER]: server })

    const without = await diagnose(URL_, play({ ...GOOD, [SERVER]: server }).fetch)
    const report = await diagnose(URL_, fetch, { clientId: 'by-hand' })

    assert.match(stepOf(without, 'registration')?.cause ?? '', /registered by hand/)
    assert.match(clientOf(without, 'Cursor')?.why ?? '', /registered by hand/)
    assert.ok(isWell(report))
    assert.ok(!asked.some((one) => one.startsWith('POST') && one.endsWith('/register')))
  })

  it('takes its registration back where it may', async () => {
    const client = {
      client_id: 'the-client',
      registration_client_uri: `${ISSUER}/register/the-client`,
      registration_access_token: 'secret-of-the-registration',
    }
    const { fetch, asked } = play({
      ...GOOD,
      'POST /register': () => Response.json(client, { status: 201 }),
      'DELETE /register/the-client': () => new Response(null, { status: 204 }),
    })

    const report = await diagnose(URL_, fetch)

    assert.equal(stepOf(report, 'clean up')?.mark, 'well')
    assert.ok(asked.includes(`DELETE ${ISSUER}/register/the-client`))
    assert.doesNotMatch(JSON.stringify(report), /secret-of/)
  })

  it('starts no browser for a URL that a shell or a browser would run', async () => {
    const shown: string[] = []
    const desk = {
      redirectUri: 'http://127.0.0.1:33418/callback',
      show: async (url: string) => void shown.push(url),
      waitForCallback: () => Promise.reject(new Error('nobody came back')),
    }
    for (const endpoint of [
      'javascript:alert(1)',
      'https://x.example/$(id)',
      'http://pub.example/a',
    ]) {
      const server = { ...GOOD_SERVER, authorization_endpoint: endpoint }
      const report = await diagnose(URL_, play({ ...GOOD, [SERVER]: server }).fetch, { desk })
      assert.match(stepOf(report, 'endpoints')?.seen ?? '', /refused/)
    }
    assert.deepEqual(shown, [])
  })

  it('refuses an answer to another request, or of another issuer', async () => {
    for (const [query, cause] of [
      ['code=c&state=another', /state or iss/],
      ['code=c&state=STATE&iss=https://evil.example', /state or iss/],
      ['error=access_denied&state=STATE', /refused/],
    ] as const) {
      let state = ''
      const desk = {
        redirectUri: 'http://127.0.0.1:33418/callback',
        show: async (url: string) => {
          state = new URL(url).searchParams.get('state') ?? ''
        },
        waitForCallback: async () =>
          new URL(`http://127.0.0.1:33418/callback?${query.replace('STATE', state)}`),
      }
      const { fetch, asked } = play(GOOD)
      const report = await diagnose(URL_, fetch, { desk })

      assert.match(stepOf(report, 'authorize')?.cause ?? '', cause)
      assert.ok(!asked.some((one) => one.endsWith('/token')), 'a code was sent')
    }
  })
})
