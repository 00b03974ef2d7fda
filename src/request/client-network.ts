import type { Config } from '../config/config.ts'
import type { RequestHead } from './exchange.ts'
import { createTrustedPeers, networkOf } from './trusted-peers.ts'

/** The network of whoever is asking, behind the proxies that are trusted. */
export type ResolveClientNetwork = (request: RequestHead, peer: string) => string

/** Walks `X-Forwarded-For` from the right, past trusted hops; what is left of a stranger is his word. */
export function createClientNetworkResolver({
  trustedProxies,
}: Pick<Config, 'trustedProxies'>): ResolveClientNetwork {
  const isTrusted = createTrustedPeers(trustedProxies)
  return ({ headers }, peer) => {
    if (!isTrusted(peer)) return networkOf(peer)
    const hops = (headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim())
    const stranger = hops.toReversed().find((hop) => !isTrusted(hop))
    return networkOf(stranger === undefined || stranger === '' ? peer : stranger)
  }
}
