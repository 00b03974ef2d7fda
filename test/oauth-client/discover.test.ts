import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { discover } from '../../src/oauth-client/discover.ts'
import { DiscoveryError } from '../../src/oauth-client/find-authorization-server.ts'
import {
  ISSUER,
  ISSUER_METADATA,
  MCP,
  PATH_METADATA,
  providerAt,
  RESOURCE,
  ROOT_METADATA,
} from '../support/discovery.ts'
import { createInternet, type Page } from '../support/internet.ts'

const RUNS = { numRuns: 400 }

/** Texts that are almost what belongs there. */
const text = fc.oneof(
  fc.constantFrom(
    MCP,
    ISSUER,
    ISSUER_METADATA,
    'https://login.microsoftonline.com/{tenantid}/v2.0',
    'https://login.microsoftonline.com/1/v2.0',
    'https://[::1]/x',
    'https://%zz/',
    'https://x:99999/',
    'https://a..b/',
    'http:',
    'S256',
    'offline_access',
  ),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const value = fc.oneof(text, fc.array(text, { maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }))

function documentLike(document: object, more: readonly string[]) {
  const names = [...Object.keys(document), ...more, '__proto__', 'constructor']
  const changes = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 })
  return changes.map((changed) => ({ ...document, ...changed }))
}

const resource = documentLike(RESOURCE, ['scopes_supported'])
const provider = documentLike(providerAt(ISSUER), [
  'scopes_supported',
  'jwks_uri',
  'token_endpoint_auth_methods_supported',
  'authorization_response_iss_parameter_supported',
])
const status = fc.constantFrom(200, 200, 200, 401, 404, 503)

function pageOf(body: fc.Arbitrary<unknown>): fc.Arbitrary<Page> {
  return fc.record({ status, body: fc.oneof({ weight: 4, arbitrary: body }, fc.string()) })
}

const parameter = fc
  .tuple(
    fc.constantFrom('resource_metadata', 'scope', 'realm', 'error', ''),
    fc.constantFrom('=', '="', ' = "', ' ', '=="'),
    fc.oneof(text, fc.constantFrom(PATH_METADATA, 'a b', '\\"', '\\')),
    fc.constantFrom('', '"', ',', '", '),
  )
  .map((parts) => parts.join(''))
const header = fc
  .array(fc.oneof(fc.constantFrom('Bearer ', 'bearer', 'Basic QQ==, ', ', '), parameter))
  .map((parts) => parts.join(''))
  // No others can arrive.
  .map((line) => line.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''))

describe('discover', () => {
  it('finds a provider or says why not, whatever the server and the provider say', async () => {
    const outcomes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        header,
        fc.constantFrom(200, 401, 404, 500),
        pageOf(resource),
        pageOf(provider),
        async (challenge, answer, resourcePage, providerPage) => {
          const { fetchGuarded } = createInternet({
            [MCP]: { status: answer, headers: { 'www-authenticate': challenge } },
            [PATH_METADATA]: resourcePage,
            [ROOT_METADATA]: resourcePage,
            [ISSUER_METADATA]: providerPage,
          })
          const found = await discover({ resourceUrl: MCP }, fetchGuarded).catch(
            (error: unknown) => error,
          )
          if (found instanceof Error) assert.ok(found instanceof DiscoveryError, found.stack)
          outcomes.add(found instanceof DiscoveryError ? found.code : 'found')
        },
      ),
      RUNS,
    )

    assert.ok(outcomes.has('found') && outcomes.has('mismatch'), [...outcomes].join())
  })

  it('finds its way past a challenge as long as a header can be', async () => {
    const long = ['Bearer ', ', '.repeat(8_000), 'a='.repeat(4_000), '"\\'.repeat(4_000)].join('')
    const many = `Bearer ${Array.from({ length: 4_000 }, (_, at) => `a${at}=1`).join()}`
    for (const challenge of [long, many, `Bearer ${'a'.repeat(16_000)}`, ' '.repeat(16_000)]) {
      const { fetchGuarded } = createInternet({
        [MCP]: { status: 401, headers: { 'www-authenticate': challenge } },
        [PATH_METADATA]: { body: RESOURCE },
        [ISSUER_METADATA]: { body: providerAt(ISSUER) },
      })

      const { authorizationServer } = await discover({ resourceUrl: MCP }, fetchGuarded)

      assert.equal(authorizationServer.issuer, ISSUER)
    }
  })
})
