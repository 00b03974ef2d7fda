import ipaddr from 'ipaddr.js'

/** An address and how many of its bits count. */
export type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** The network that a CIDR stands for. */
export function parseNetwork(cidr: string): Network {
  // ipaddr.parseCIDR finds out by throwing, and the first error of a process is slow on Deno.
  return cidr.includes(':') ? ipaddr.IPv6.parseCIDR(cidr) : ipaddr.IPv4.parseCIDR(cidr)
}
