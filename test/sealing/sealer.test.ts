import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeyRing, type Purpose } from '../../src/sealing/key-ring.ts'
import { createSealer } from '../../src/sealing/sealer.ts'

const NEW = 'n'.repeat(43)
const OLD = 'o'.repeat(43)
const PURPOSES: Purpose[] = ['code', 'access-token', 'refresh-token', 'flow', 'consent']
const SEALING = { audience: 'gh', lifetime: 60, payload: { a: 1 } }

async function sealerOf(secrets: string[], now = () => 1_000_000) {
  return createSealer({ keys: await createKeyRing(secrets), now })
}

describe('createSealer', () => {
  it('opens what it sealed, with its audience and expiry', async () => {
    const sealer = await sealerOf([NEW])

    const opened = await sealer.open('code', await sealer.seal('code', SEALING))

    assert.deepEqual(opened?.payload, { a: 1 })
    assert.equal(opened.seal.aud, 'gh')
    assert.equal(opened.seal.exp, 1060)
  })

  for (const sealed of PURPOSES) {
    for (const asked of PURPOSES.filter((purpose) => purpose !== sealed)) {
      it(`does not open a ${sealed} as a ${asked}`, async () => {
        const sealer = await sealerOf([NEW])

        assert.equal(await sealer.open(asked, await sealer.seal(sealed, SEALING)), undefined)
      })
    }
  }

  it('opens what an older key of the ring sealed and seals with the first', async () => {
    const old = await (await sealerOf([OLD])).seal('code', SEALING)
    const both = await sealerOf([NEW, OLD])

    assert.ok(await both.open('code', old))
    assert.equal(
      await (await sealerOf([OLD])).open('code', await both.seal('code', SEALING)),
      undefined,
    )
    assert.equal(await (await sealerOf([NEW])).open('code', old), undefined)
  })

  it('does not open what has expired, cached or not', async () => {
    let now = 1_000_000
    const sealer = await sealerOf([NEW], () => now)
    const text = await sealer.seal('code', SEALING)
    assert.ok(await sealer.open('code', text))

    now += 60_000

    assert.equal(await sealer.open('code', text), undefined)
  })

  it('accepts one spelling only', async () => {
    const sealer = await sealerOf([NEW])
    const text = await sealer.seal('code', SEALING)
    await sealer.open('code', text)
    const last = text.slice(-1)
    const spellings = [
      ` ${text}`,
      `${text}\n`,
      text.replace('.', '.\n'),
      `${text}=`,
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
        .split('')
        .filter((c) => c !== last)
        .map((c) => text.slice(0, -1) + c),
      text.replaceAll('-', '+').replaceAll('_', '/').concat('+'),
    ]

    for (const spelling of spellings) {
      assert.equal(await sealer.open('code', spelling), undefined, JSON.stringify(spelling))
    }
  })

  it('does not open a string with any one character changed', async () => {
    const sealer = await sealerOf([NEW])
    const text = await sealer.seal('code', SEALING)
    for (let at = 0; at < text.length; at += 7) {
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
      assert.equal(await sealer.open('code', changed), undefined, `at ${at}`)
    }
  })

  it('does not open a megabyte', async () => {
    const sealer = await sealerOf([NEW])

    assert.equal(await sealer.open('code', 'A'.repeat(1 << 20)), undefined)
  })

  it('never seals alike', async () => {
    const sealer = await sealerOf([NEW])
    const texts = await Promise.all(Array.from({ length: 200 }, () => sealer.seal('code', SEALING)))

    assert.equal(new Set(texts.map((text) => text.split('.')[2])).size, 200)
  })
})
