import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Challenge, formatChallenge, parseBearerChallenge } from '../../src/oauth/challenge.ts'
import { FLOODS } from '../corpus/forwarded.ts'
import { assertQuick } from '../support/quick.ts'

const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/gh/mcp'

/** The parameters by name, or undefined without a Bearer challenge. */
function parse(header: string): Record<string, string> | undefined {
  const parameters = parseBearerChallenge(header)
  return parameters === undefined ? undefined : Object.fromEntries(parameters)
}

describe('formatChallenge', () => {
  it('names the metadata alone where nothing went wrong yet', () => {
    assert.equal(
      formatChallenge({ resourceMetadata: METADATA, scope: [] }),
      `Bearer resource_metadata="${METADATA}"`,
    )
  })

  it('names error, metadata and scope', () => {
    assert.equal(
      formatChallenge({
        resourceMetadata: METADATA,
        scope: ['read', 'write'],
        error: 'insufficient_scope',
      }),
      `Bearer error="insufficient_scope", resource_metadata="${METADATA}", scope="read write"`,
    )
  })

  it('is read back as it was', () => {
    const token = fc.string({ unit: fc.constantFrom(...'abZ09!#$%&()*+,-./:;<=>?@[]^_`{|}~') })
    const challenge: fc.Arbitrary<Challenge> = fc.record(
      {
        resourceMetadata: fc.webUrl({ withQueryParameters: true }),
        scope: fc.array(token.filter((text) => text !== '')),
        error: fc.constantFrom('invalid_token' as const, 'insufficient_scope' as const),
      },
      { requiredKeys: ['resourceMetadata', 'scope'] },
    )
    fc.assert(
      fc.property(challenge, ({ resourceMetadata, scope, ...rest }) => {
        const header = formatChallenge({ resourceMetadata, scope, ...rest })
        assert.deepEqual(parse(header), {
          ...rest,
          resource_metadata: resourceMetadata,
          ...(scope.length === 0 ? {} : { scope: scope.join(' ') }),
        })
      }),
    )
  })
})

describe('parseBearerChallenge', () => {
  for (const [header, parameters] of [
    // RFC 6750 §3
    ['Bearer realm="example"', { realm: 'example' }],
    [
      'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
      { realm: 'example', error: 'invalid_token', error_description: 'The access token expired' },
    ],
    // RFC 9728 §5.1
    [
      'Bearer resource_metadata="https://resource.example.com/.well-known/oauth-protected-resource"',
      {
        resource_metadata: 'https://resource.example.com/.well-known/oauth-protected-resource',
      },
    ],
    // RFC 9110 §11.6.1, with a Bearer challenge before, between and after
    [
      'Bearer a=b, Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      { a: 'b' },
    ],
    [
      'Basic realm="simple", Bearer a=b, Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      { a: 'b' },
    ],
    [
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\"", Bearer a=b',
      { a: 'b' },
    ],
    ['Newauth title="no, Bearer realm=\\"x\\"", Bearer a="b"', { a: 'b' }],
    // token68 before it (RFC 9110 §11.2)
    ['Negotiate TlRMTVNTUAAC/A+==, Bearer realm="x"', { realm: 'x' }],
    ['Negotiate, NTLM, Bearer realm="x"', { realm: 'x' }],
    ['NTLM abc=,Bearer realm="x",scope=a', { realm: 'x', scope: 'a' }],
    ['Bearer abc==', {}],
    ['Bearer', {}],
    ['bearer', {}],
    ['BEARER REALM="x"', { realm: 'x' }],
    ['Bearer realm="x",error="e",scope="a b"', { realm: 'x', error: 'e', scope: 'a b' }],
    ['Bearer realm="x" , error="e"', { realm: 'x', error: 'e' }],
    ['Bearer realm = "x"', { realm: 'x' }],
    ['Bearer\trealm="x"', { realm: 'x' }],
    ['Bearer   realm="x"', { realm: 'x' }],
    [', ,Bearer realm="x",, ,error="e",', { realm: 'x', error: 'e' }],
    // Without commas between parameters, as some servers have it
    ['Bearer realm="x" error="e"', { realm: 'x', error: 'e' }],
    ['Bearer realm=""', { realm: '' }],
    ['Bearer realm="a\\"b\\\\c\\d"', { realm: 'a"b\\cd' }],
    ['Bearer realm="a, Basic b=c", error=e', { realm: 'a, Basic b=c', error: 'e' }],
    ['Bearer u=https://a.test/x?y=z&w', { u: 'https://a.test/x?y=z&w' }],
    ['Bearer realm="first", realm="second"', { realm: 'first' }],
    ['Bearer a=1, Bearer a=2, b=3', { a: '1', b: '3' }],
    ['Bearer a=1, DPoP b=2, Bearer c=3', { a: '1', c: '3' }],
    ['Bearer __proto__="x"', Object.fromEntries([['__proto__', 'x']])],
  ] as const) {
    it(`reads ${header}`, () => assert.deepEqual(parse(header), parameters))
  }

  for (const header of [
    '',
    ' ',
    ',',
    'Basic realm="Bearer"',
    'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
    'Basic title="\\", Bearer realm=\\"x"',
    'Bearer=x',
    'Bearer="x"',
    'realm="x"',
    'XBearer realm="x"',
    'Bearer-x realm="x"',
    'Bearer: realm="x"',
    '"Bearer" realm="x"',
    'Basic Bearer',
    'error="invalid_token", scope="a"',
  ]) {
    it(`finds no Bearer challenge in ${JSON.stringify(header)}`, () => {
      assert.equal(parse(header), undefined)
    })
  }

  it('reads every Bearer challenge among others, and of each name the first', () => {
    const name = fc.constantFrom('realm', 'Scope', 'error', 'a', "!#$%&'*+.^_`|~-")
    const value = fc.string({ unit: fc.constantFrom(...'ab="\\, \t:/;\u00e4') })
    const challenge = fc.record({
      scheme: fc.constantFrom('Basic', 'Digest', 'DPoP', 'Bearer', 'bearer'),
      parameters: fc.array(fc.tuple(name, value)),
    })
    const comma = fc.constantFrom(',', ', ', ' ,\t', ', ,')
    fc.assert(
      fc.property(fc.array(challenge), comma, (challenges, separator) => {
        const header = challenges
          .map(({ scheme, parameters }) => `${scheme} ${parameters.map(write).join(separator)}`)
          .join(separator)
        const bearers = challenges.filter(({ scheme }) => scheme.toLowerCase() === 'bearer')
        const firsts = bearers
          .flatMap(({ parameters }) => parameters)
          .map(([key, text]): [string, string] => [key.toLowerCase(), text])
          .reverse()
        assert.deepEqual(
          parse(header),
          bearers.length === 0 ? undefined : Object.fromEntries(firsts),
        )
      }),
    )
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parse(`Bearer ${text}`)))
  })

  for (const flood of FLOODS) {
    it(`takes no time with 64 KiB of ${JSON.stringify(flood.slice(0, 12))}`, () => {
      for (const header of [flood, `Bearer ${flood}`, `Bearer a="${flood}`, `Bearer a=${flood} b`])
        assertQuick(() => parseBearerChallenge(header))
    })
  }
})

function write([name, value]: readonly [string, string]): string {
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`
}
