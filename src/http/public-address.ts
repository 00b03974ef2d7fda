import ipaddr from 'ipaddr.js'
import { parseNetwork } from './network.ts'

/** Addresses that ipaddr.js calls unicast but that reach inside (THREATS F15). */
const DENIED = [
  '168.63.129.16/32',
  '100.100.100.200/32',
  '64:ff9b:1::/48',
  '2001::/23',
  '2002::/16',
]

/** Whether an address is one on the public internet (RFC 6890), and not a way around to another. */
export function isPublicAddress(address: string): boolean {
  // 010.0.0.1 is 10.0.0.1 to some and 8.0.0.1 to others.
  if (!ipaddr.isValid(address) || /%|(?:^|\.)0\d/.test(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast' || isIsatap(parsed)) return false
  return !DENIED.some((network) => {
    const [range, bits] = parseNetwork(network)
    return range.kind() === parsed.kind() && parsed.match(range, bits)
  })
}

/** ::5efe:7f00:1 stands for 127.0.0.1 (RFC 5214). */
function isIsatap(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return (
    address.kind() === 'ipv6' &&
    /:5efe:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/.test(address.toString().replace('::', ':'))
  )
}

/** Addresses inside that answer with secrets of the machine to whoever asks (THREATS F15). */
const NEVER = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128'].map(parseNetwork)
const INSIDE: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal'])

/** Whether an address is on this machine or in a private network, and no cloud's metadata service. */
export function isPrivateAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || /%|(?:^|\.)0\d/.test(address)) return false
  const parsed = ipaddr.process(address)
  if (!INSIDE.has(parsed.range())) return false
  return !NEVER.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits))
}

/** Whether a URL's host is an IP address rather than a name. */
export function isIpLiteral(hostname: string): boolean {
  return ipaddr.isValid(hostname.replace(/^\[|\]$/g, ''))
}
