import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isPublicAddress } from '../../src/http/public-address.ts'
import { createPublicFetch as createFetch } from '../../src/http/public-fetch.ts'
import { createGuardedFetch } from '../../src/platform/guarded-fetch.ts'
import { makeCertificate } from '../support/certificate.ts'
import { portOf } from '../support/proxy.ts'

const LIMITS = { maxBytes: 5 * 1024, timeout: 1_000 }

describe('isPublicAddress', () => {
  for (const address of ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '1.1.1.1']) {
    it(`is true for ${address}`, () => assert.equal(isPublicAddress(address), true))
  }
  for (const address of [
    '127.0.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '168.63.129.16',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2001:0:1::',
    '::5efe:7f00:1',
    '2606:4700::5efe:7f00:1',
    '010.0.0.1',
    'localhost',
    '',
  ]) {
    it(`is false for ${address || 'nothing'}`, () => assert.equal(isPublicAddress(address), false))
  }
})

function createPublicFetch(
  options: { isAllowed?: (address: string) => boolean; ca?: string } = {},
) {
  return createFetch(createGuardedFetch(options), options.isAllowed)
}

describe('createPublicFetch', {
  skip: existsSync('/usr/bin/openssl') ? false : 'openssl is not installed',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
  let server: Server
  let port: number
  let ca = ''
  let connections = 0
  let answer: (response: ServerResponse) => void = (response) => response.end('{}')

  before(async () => {
    const { key, pem } = makeCertificate(folder)
    ca = readFileSync(pem, 'utf8')
    server = createServer({ key: readFileSync(key), cert: ca }, (_, response) => answer(response))
    server.on('connection', () => {
      connections += 1
    })
    server.listen(0, 'localhost')
    await once(server, 'listening')
    port = portOf(server)
  })

  after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })

  it('does not connect to a name whose address is not public', async () => {
    const document = await createPublicFetch()(`https://localhost:${port}/doc`, LIMITS)

    assert.equal(document.kind, 'failed')
    assert.match(document.kind === 'failed' ? document.cause : '', /not public/)
    assert.equal(connections, 0)
  })

  it('takes names only, over https only', async () => {
    for (const url of [
      'http://example.com/x',
      'https://127.0.0.1/x',
      'https://[::1]/x',
      'file:///etc/passwd',
    ]) {
      assert.equal((await createPublicFetch({ isAllowed: () => true })(url, LIMITS)).kind, 'failed')
    }
  })

  it('trusts no certificate of its own making', async () => {
    const fetchPublic = createPublicFetch({ isAllowed: () => true })
    const document = await fetchPublic(`https://localhost:${port}/doc`, LIMITS)

    assert.match(document.kind === 'failed' ? document.cause : '', /self.signed/i)
  })

  const failures: readonly (readonly [
    cause: RegExp,
    what: string,
    answer: (response: ServerResponse) => void,
  ])[] = [
    [
      /status 302/,
      'a redirect',
      (response) => response.writeHead(302, { location: 'https://localhost/' }).end(),
    ],
    [/status 404/, '404', (response) => response.writeHead(404).end()],
    [
      /encoded/,
      'an encoded body',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    ],
    [/too large/, 'more than 5 KiB', (response) => response.end('x'.repeat(5 * 1024 + 1))],
    [
      /too large/,
      'more than 5 KiB without a length',
      (response) => void response.write('x'.repeat(6 * 1024)),
    ],
    [/no answer within 0.3 s/, 'a body that never ends', (response) => void response.write('x')],
    [/no answer within 0.3 s/, 'no answer', () => undefined],
  ]
  for (const [cause, what, respond] of failures) {
    it(`fails at ${what}`, async () => {
      answer = respond
      const fetchPublic = createPublicFetch({ isAllowed: () => true, ca })

      const document = await fetchPublic(`https://localhost:${port}/doc`, {
        ...LIMITS,
        timeout: 300,
      })

      assert.match(document.kind === 'failed' ? document.cause : 'fetched', cause)
    })
  }

  for (const [header, maxAge] of [
    ['max-age=120', 120],
    ['public, max-age=7, immutable', 7],
    ['no-store', 0],
    ['private', undefined],
  ] as const) {
    it(`says how long ${header} lets a document be kept`, async () => {
      answer = (response) => response.writeHead(200, { 'cache-control': header }).end('{"a":1}')
      const fetchPublic = createPublicFetch({ isAllowed: () => true, ca })

      const document = await fetchPublic(`https://localhost:${port}/doc`, LIMITS)

      assert.deepEqual(document, { kind: 'fetched', text: '{"a":1}', contentType: '', maxAge })
    })
  }
})
