import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTokenCache } from '../../src/oauth-client/token-cache.ts'
import type { TokenResult } from '../../src/oauth-client/token-request.ts'
import { CONFIG } from '../support/proxy.ts'

const REFUSED: TokenResult = { kind: 'failed', cause: 'status 400' }
const UNAVAILABLE: TokenResult = { kind: 'unavailable', cause: 'status 503' }

/** A cache, its clock, and a provider of `token-1`, `token-2`, …. */
function startCache(expires_in?: number, changes: Partial<typeof CONFIG.tokenCache> = {}) {
  let time = 1_000_000
  let count = 0
  let failure: TokenResult | undefined
  const cache = createTokenCache({ ...CONFIG.tokenCache, ...changes }, () => time)
  const fetch = async (): Promise<TokenResult> => {
    count += 1
    const access_token = `token-${count}`
    const expiry = expires_in === undefined ? {} : { expires_in }
    return failure ?? { kind: 'granted', response: { access_token, ...expiry } }
  }
  return {
    wait: (seconds: number) => {
      time += seconds * 1000
    },
    fail: (result: TokenResult | undefined) => {
      failure = result
    },
    count: () => count,
    get: async (key = 'k') => textOf(await cache.get(key, fetch)),
    replace: async (refused: string, key = 'k') => textOf(await cache.replace(key, refused, fetch)),
  }
}

type Cached = Awaited<ReturnType<ReturnType<typeof createTokenCache>['get']>>

function textOf(cached: Cached): string {
  return cached.kind === 'token' ? cached.accessToken : cached.failure.kind
}

/** Lets what runs behind the requests come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('a cached token', () => {
  for (const [expiresIn, seconds] of [
    [3600, 3540],
    [100, 40],
    [70, 10],
    [65, 10],
    [1, 10],
    [undefined, 300],
  ] as const) {
    it(`of ${expiresIn} s is used for ${seconds} s`, async () => {
      const { get, wait } = startCache(expiresIn)
      assert.equal(await get(), 'token-1')
      wait(seconds - 0.001)
      assert.equal(await get(), 'token-1')
      await settle()
      const other = startCache(expiresIn)
      await other.get()

      other.wait(seconds)

      assert.equal(await other.get(), 'token-2')
    })
  }

  it('is fetched once for fifty who come at once', async () => {
    const { get, count } = startCache(3600)

    const all = await Promise.all(Array.from({ length: 50 }, () => get()))

    assert.deepEqual(new Set(all), new Set(['token-1']))
    assert.equal(count(), 1)
  })

  it('is another for another key', async () => {
    const { get } = startCache(3600)

    assert.deepEqual(
      [await get('a'), await get('b'), await get('a')],
      ['token-1', 'token-2', 'token-1'],
    )
  })

  it('is renewed once behind its users in the last fifth of its life', async () => {
    const { get, wait, count } = startCache(160)
    await get()
    wait(79)
    await get()
    assert.equal(count(), 1)
    wait(2)

    const served = await Promise.all([get(), get(), get()])

    assert.deepEqual(served, ['token-1', 'token-1', 'token-1'])
    await settle()
    assert.equal(await get(), 'token-2')
    assert.equal(count(), 2)
  })

  it('is served to its end while its renewal fails, which is tried every ten seconds', async () => {
    const { get, wait, count, fail } = startCache(160)
    await get()
    wait(81)
    fail(UNAVAILABLE)
    await get()
    await settle()
    assert.equal(await get(), 'token-1')
    assert.equal(count(), 2)

    wait(10)
    await get()
    await settle()
    assert.equal(count(), 3)
    wait(9)

    assert.equal(await get(), 'unavailable')
  })

  it('is one of a bounded number', async () => {
    const { get, count } = startCache(3600, { maxSize: 2 })
    for (const key of ['a', 'b', 'c']) await get(key)
    assert.equal(count(), 3)

    assert.deepEqual([await get('c'), await get('b')], ['token-3', 'token-2'])
    assert.equal(await get('a'), 'token-4')
  })
})

describe('a failure', () => {
  it('is kept for ten seconds where the provider refused', async () => {
    const { get, wait, count, fail } = startCache(3600)
    fail(REFUSED)
    assert.equal(await get(), 'failed')
    fail(undefined)
    wait(9.999)
    assert.equal(await get(), 'failed')
    assert.equal(count(), 1)

    wait(0.001)

    assert.equal(await get(), 'token-2')
  })

  it('is not kept where the provider was down', async () => {
    const { get, fail } = startCache(3600)
    fail(UNAVAILABLE)
    assert.equal(await get(), 'unavailable')
    fail(undefined)

    assert.equal(await get(), 'token-2')
  })
})

describe('a token that upstream refused', () => {
  it('is replaced by one request, however many were refused', async () => {
    const { get, replace, count } = startCache(3600)
    const refused = await get()

    const all = await Promise.all(Array.from({ length: 50 }, () => replace(refused)))

    assert.deepEqual(new Set(all), new Set(['token-2']))
    assert.equal(await replace(refused), 'token-2')
    assert.equal(await get(), 'token-2')
    assert.equal(count(), 2)
  })

  it('is not served to others while it is replaced', async () => {
    const { get, replace } = startCache(3600)

    const [replaced, got] = await Promise.all([replace(await get()), get()])

    assert.deepEqual([replaced, got], ['token-2', 'token-2'])
  })

  it('takes no other with it', async () => {
    const { get, replace, count } = startCache(3600)
    await get('k')
    await get('other')

    assert.equal(await replace('token-0'), 'token-1')
    assert.equal(await replace('token-1'), 'token-3')

    assert.equal(await get('other'), 'token-2')
    assert.equal(count(), 3)
  })

  it('is asked for no more than every ten seconds where the provider refuses too', async () => {
    const { get, replace, wait, count, fail } = startCache(3600)
    const refused = await get()
    fail(REFUSED)
    assert.equal(await replace(refused), 'failed')

    for (let at = 0; at < 5; at++) assert.equal(await replace(refused), 'failed')

    assert.equal(count(), 2)
    fail(undefined)
    wait(10)
    assert.equal(await replace(refused), 'token-3')
  })

  it('is not replaced by one that has expired since', async () => {
    const { get, replace, wait } = startCache(160)
    const refused = await get()
    assert.equal(await replace(refused), 'token-2')
    wait(100)

    assert.equal(await replace(refused), 'token-3')
  })
})
