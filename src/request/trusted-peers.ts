import ipaddr from 'ipaddr.js'
import { parseNetwork } from '../http/network.ts'
import type { IsTrusted } from './forwarded.ts'

/** A test for membership in any of the given CIDRs; IPv4-mapped IPv6 counts as IPv4. */
export function createTrustedPeers(cidrs: readonly string[]): IsTrusted {
  const ranges = cidrs.map(parseNetwork)
  return (address) => {
    // Only the spelling with four decimal parts: ipaddr.js reads 010.0.0.1 as octal (THREATS F15).
    if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some(
      ([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits),
    )
  }
}

/** The network that a peer belongs to, for bounded memories: the address, or its /64 in IPv6. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${parsed.toNormalizedString().split(':').slice(0, 4).join(':')}::/64`
}
