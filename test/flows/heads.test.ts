import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { oauthServer, openServer, startProxy } from '../support/proxy.ts'

const SERVERS = [oauthServer('gh', {}, { alias: 'github' }), openServer('docs')]
const NAMES = ['', '/gh', '/github', '/docs', '/nobody']
const MOUNTS = ['/mcp', ...NAMES.slice(1).flatMap((name) => [`/mcp${name}`, `${name}/mcp`])]
const WELL_KNOWN = [
  'oauth-protected-resource',
  'oauth-authorization-server',
  'openid-configuration',
]
const DOCUMENTS = [
  ...[...NAMES, ...MOUNTS].flatMap((path) =>
    WELL_KNOWN.flatMap((name) => [`/.well-known/${name}${path}`, `${path}/.well-known/${name}`]),
  ),
  ...NAMES.flatMap((name) => [`${name}/jwks`, `${name}/client-metadata.json`]),
]

const headOf = ({ status, headers }: Response) => ({ status, headers: [...headers] })

describe('what a head alone decides', () => {
  it('has the head that the router gives to HEAD, which goes the long way, for every document', async () => {
    const proxy = await startProxy({ servers: SERVERS })

    for (const path of DOCUMENTS.flatMap((document) => [document, `${document}/`])) {
      const long = await proxy.fetch(path, { method: 'HEAD' })
      assert.deepEqual(headOf(await proxy.fetch(path)), headOf(long), path)
    }
  })

  it('does not take what follows a messages path for a document', async () => {
    const proxy = await startProxy({ servers: SERVERS })
    const path = '/.well-known/oauth-protected-resource/gh/mcp'

    assert.equal((await proxy.fetch(path)).status, 200)
    assert.equal((await proxy.fetch(`${path}/messages/x`)).status, 404)
  })

  it('follows the host where a server has one of its own', async () => {
    const own = oauthServer('own', {}, { host: 'own.example.com' })
    const proxy = await startProxy({
      servers: [...SERVERS, own],
      config: { allowedHosts: ['own.example.com', 'localhost'] },
    })
    const answer = await proxy.fetch('http://own.example.com/.well-known/oauth-protected-resource')

    assert.deepEqual((await answer.json()).authorization_servers, ['http://own.example.com/own'])
  })
})
