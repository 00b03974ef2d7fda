import assert from 'node:assert/strict'
import { type Config, ConfigError, type ProviderConfig } from '../../src/config/config.ts'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'

/** A server to put behind other keys. */
export const SERVER = `
mcp_servers:
  gh:
    url: https://mcp.example.com/mcp
    auth_type: oauth2
    authorization_url: https://id.example.com/authorize
    token_url: https://id.example.com/token
    client_id: id
`
/** A secret key. */
export const KEY = 'k'.repeat(43)

/** Loads a text; the file `present` can be read. */
export function load(text: string, env: Record<string, string> = {}): LoadedConfig {
  return loadConfig({
    file: 'config.yaml',
    text,
    env,
    readSecret: (path) => {
      if (path === 'present') return 'secret-of-a-file\n'
      throw new Error(`no such file: ${path}`)
    },
  })
}

/** The lines that a bad configuration is answered with. */
export function linesOf(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    load(text, env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message.split('\n')
  }
  return []
}

/** The provider of the first server, as configured. */
export function providerIn({ servers }: Config): ProviderConfig | undefined {
  const access = servers[0]?.access
  return access?.kind === 'sign-in' && access.provider !== 'demo' ? access.provider : undefined
}
