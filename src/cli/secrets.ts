import type { Config } from '../config/config.ts'
import type { Platform } from '../platform/platform.ts'
import { isLoopbackHostname } from '../request/host.ts'
import { createRandomString } from '../sealing/base64url.ts'
import { CommandError } from './command.ts'

const KEY_BYTES = 32

/** A fresh secret key, as `keygen` prints it. */
export function createSecretKey(): string {
  return createRandomString(KEY_BYTES)
}

/** The configured keys, or on a loopback listener one that is kept in a private file. */
export function readSecretKeys(config: Config, platform: Platform): readonly string[] {
  if (config.secretKeys.length > 0) return config.secretKeys
  const { host } = config.listen
  if (host !== '::1' && !isLoopbackHostname(host)) {
    throw new CommandError(
      2,
      `Missing secret_keys: beyond loopback they must be configured, make one with mcp-oauth-proxy keygen`,
    )
  }
  const path = `${platform.stateFolder}/secret.key`
  try {
    const key = platform.readOrCreatePrivateFile(path, createSecretKey()).trim()
    if (key.length >= KEY_BYTES) return [key]
  } catch (error) {
    throw new CommandError(
      1,
      `Cannot keep a key in ${path}: make the folder writable, or set secret_keys (see mcp-oauth-proxy keygen)`,
      { cause: error },
    )
  }
  throw new CommandError(1, `Cannot use the key in ${path}: it is too short, delete the file`)
}
