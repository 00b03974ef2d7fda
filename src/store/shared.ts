import * as v from 'valibot'
import { createRandomString } from '../sealing/base64url.ts'
import { createMemoryStore, type MemoryStore } from './memory.ts'
import type { Store } from './store.ts'

/** Two processes' way to each other; messages are what JSON can hold. */
export interface Channel {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

const PATIENCE = 5_000 // milliseconds; the process that is asked is on this machine

const Asked = v.object({
  kind: v.literal('ask'),
  id: v.string(),
  ask: v.variant('what', [
    v.object({ what: v.literal('claim'), name: v.string(), seconds: v.number() }),
    v.object({ what: v.literal('release'), name: v.string() }),
    v.object({ what: v.literal('put'), name: v.string(), text: v.string(), seconds: v.number() }),
    v.object({ what: v.literal('get'), name: v.string() }),
    v.object({ what: v.literal('revoke'), name: v.string(), seconds: v.number() }),
  ]),
})
type Ask = v.InferOutput<typeof Asked>['ask']

const Told = v.variant('kind', [
  v.object({
    kind: v.literal('answer'),
    id: v.string(),
    answer: v.union([v.boolean(), v.string(), v.null()]),
  }),
  v.object({ kind: v.literal('revoked'), session: v.string(), seconds: v.number() }),
])
type Told = v.InferOutput<typeof Told>

/** A store in one process that others of the same program share. */
export interface SharedStore {
  /** Serves a process by this channel, and tells it of every session that was and will be ended. */
  serve(channel: Channel): void
  /** No longer tells it of any. */
  forget(channel: Channel): void
}

/** The process that keeps what all must know; `now` in milliseconds. */
export function createSharedStore(now: () => number): SharedStore {
  const store = createMemoryStore(now)
  const channels = new Set<Channel>()
  return {
    serve(channel) {
      channels.add(channel)
      for (const [session, seconds] of store.revocations()) {
        tell(channel, { kind: 'revoked', session, seconds })
      }
      channel.onMessage((message) => {
        const asked = v.safeParse(Asked, message)
        if (!asked.success) return
        const { id, ask } = asked.output
        void answer(store, ask).then((found) => {
          tell(channel, { kind: 'answer', id, answer: found })
          if (ask.what !== 'revoke') return
          for (const other of channels) {
            tell(other, { kind: 'revoked', session: ask.name, seconds: ask.seconds })
          }
        })
      })
    },
    forget: (channel) => void channels.delete(channel),
  }
}

function tell(channel: Channel, told: Told): void {
  channel.send(told)
}

async function answer(store: MemoryStore, ask: Ask): Promise<boolean | string | null> {
  switch (ask.what) {
    case 'claim':
      return store.claim(ask.name, ask.seconds)
    case 'get':
      return (await store.get(ask.name)) ?? null
    case 'release':
      await store.release(ask.name)
      return null
    case 'put':
      await store.put(ask.name, ask.text, ask.seconds)
      return null
    case 'revoke':
      await store.revoke(ask.name, ask.seconds)
      return null
  }
}

/** The store of a process that asks another; `now` in milliseconds. */
export function createRemoteStore(channel: Channel, now: () => number): Store {
  const known = createMemoryStore(now)
  const waiting = new Map<string, (answer: boolean | string | null) => void>()
  channel.onMessage((message) => {
    const told = v.safeParse(Told, message)
    if (!told.success) return
    if (told.output.kind === 'answer') waiting.get(told.output.id)?.(told.output.answer)
    else void known.revoke(told.output.session, told.output.seconds)
  })
  const ask = createAsk(channel, waiting)
  return {
    claim: async (name, seconds) => (await ask({ what: 'claim', name, seconds })) === true,
    release: async (name) => void (await ask({ what: 'release', name })),
    put: async (name, text, seconds) => void (await ask({ what: 'put', name, text, seconds })),
    async get(name) {
      const text = await ask({ what: 'get', name })
      return typeof text === 'string' ? text : undefined
    },
    async revoke(session, seconds) {
      await known.revoke(session, seconds)
      await ask({ what: 'revoke', name: session, seconds })
    },
    isRevoked: (session) => known.isRevoked(session),
  }
}

function createAsk(
  channel: Channel,
  waiting: Map<string, (answer: boolean | string | null) => void>,
) {
  return (ask: Ask): Promise<boolean | string | null> =>
    new Promise((resolve, reject) => {
      const id = createRandomString(9)
      const patience = setTimeout(() => {
        waiting.delete(id)
        reject(new Error('The process that keeps the store does not answer'))
      }, PATIENCE)
      waiting.set(id, (answered) => {
        clearTimeout(patience)
        waiting.delete(id)
        resolve(answered)
      })
      channel.send({ kind: 'ask', id, ask })
    })
}
