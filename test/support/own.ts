import { createHash } from 'node:crypto'
import type { AccessKey, Credential, ProviderConfig } from '../../src/config/config.ts'
import type { Server } from '../../src/registry.ts'
import { openServer, PROVIDER } from './proxy.ts'

/** A key that lets programs in, and how it is configured. */
export const ACCESS_KEY = 'an-access-key-of-the-tests'
export const KEYS: readonly AccessKey[] = [
  { name: 'test', sha256: createHash('sha256').update(ACCESS_KEY).digest('hex') },
]

/** A server that keys let in, with a credential of the proxy's own. */
export function keyedServer(name: string, credential: Credential): Server {
  return { ...openServer(name), access: { kind: 'keys', keys: KEYS }, credential }
}

/** The proxy's own client at a provider. */
export function machineOf(changes: Partial<ProviderConfig> = {}): Credential {
  return { kind: 'machine', provider: { ...PROVIDER, key: 'own', scopes: ['run'], ...changes } }
}
