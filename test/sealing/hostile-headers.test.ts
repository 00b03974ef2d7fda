import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CompactEncrypt } from 'jose'
import { createKeyRing } from '../../src/sealing/key-ring.ts'
import { createSealer } from '../../src/sealing/sealer.ts'

const SECRET = 's'.repeat(43)
const NOW = 1_000_000

async function start() {
  const keys = await createKeyRing([SECRET])
  const sealer = createSealer({ keys, now: () => NOW * 1000 })
  const { kid } = keys.sealing
  const key = await keys.sealing.keyFor('code')
  const content = {
    iss: 'mcp-oauth-proxy',
    aud: 'gh',
    jti: 'j',
    iat: NOW,
    exp: NOW + 60,
    payload: {},
  }
  /** What somebody with the very key could make; nobody has it, and still only one form opens. */
  const forge = (header: Record<string, unknown> = {}, claims: Record<string, unknown> = {}) =>
    new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ ...content, ...claims })))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, typ: 'mop-code+jwe', ...header })
      .encrypt(key)
  return { sealer, forge }
}

describe('a sealed string', () => {
  it('opens in the form that it is made in', async () => {
    const { sealer, forge } = await start()

    assert.ok(await sealer.open('code', await forge()))
  })

  for (const [what, header, claims] of [
    ['another typ', { typ: 'JWT' }, {}],
    ['no typ', { typ: undefined }, {}],
    ['an unknown kid', { kid: 'x' }, {}],
    ['a kid that is a path', { kid: '../../etc/passwd' }, {}],
    ['no kid', { kid: undefined }, {}],
    ['compression', { zip: 'DEF' }, {}],
    ['another issuer', {}, { iss: 'somebody' }],
    ['several audiences', {}, { aud: ['gh', 'jira'] }],
    ['no id', {}, { jti: undefined }],
    ['no expiry', {}, { exp: undefined }],
    ['a beginning in the future', {}, { iat: NOW + 61 }],
    ['an end in the past', {}, { exp: NOW }],
  ] as const) {
    it(`does not open with ${what}`, async () => {
      const { sealer, forge } = await start()

      assert.equal(await sealer.open('code', await forge(header, claims)), undefined)
    })
  }

  for (const header of [
    { alg: 'none' },
    { alg: 'A256KW', enc: 'A256GCM' },
    { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2c: 2 ** 31, p2s: 'AAAA' },
    { alg: 'dir', enc: 'A128GCM' },
    { alg: 'dir', enc: 'A256GCM', crit: ['x'], x: 1 },
  ]) {
    it(`is refused at once with ${JSON.stringify(header)}`, async () => {
      const { sealer, forge } = await start()
      const [, ...rest] = (await forge()).split('.')
      const text = [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.')
      const started = performance.now()

      assert.equal(await sealer.open('code', text), undefined)

      assert.ok(performance.now() - started < 200)
    })
  }
})
