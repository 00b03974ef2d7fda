import * as v from 'valibot'
import type { TokenCacheConfig } from './config.ts'
import { Count, PublicUrl } from './values.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Settings that LiteLLM's environment variables make, and what was wrong with some. */
export interface EnvironmentSettings {
  readonly publicUrl?: string
  readonly rootPath?: string
  readonly tokenCache: Partial<TokenCacheConfig>
  readonly notes: readonly string[]
}

/** Reads LiteLLM's environment names; as there, an unusable value is passed over with one line. */
export function readEnvironment(env: Environment): EnvironmentSettings {
  const notes: string[] = []
  const rootPath = readRootPath(env, notes)
  const publicUrl = readPublicUrl(env, rootPath, notes)
  return {
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(rootPath === undefined ? {} : { rootPath }),
    tokenCache: readTokenCache(env, notes),
    notes,
  }
}

function readRootPath(env: Environment, notes: string[]): string | undefined {
  const text = (env['SERVER_ROOT_PATH'] ?? '').replace(/\/+$/, '')
  if (text === '') return undefined
  if (/^(?:\/[A-Za-z0-9._~-]+)+$/.test(text) && !/\/\.{1,2}(?:\/|$)/.test(text)) return text
  notes.push('Ignored SERVER_ROOT_PATH: want a plain path such as /llm')
  return undefined
}

function readPublicUrl(
  env: Environment,
  rootPath: string | undefined,
  notes: string[],
): string | undefined {
  const text = env['PROXY_BASE_URL'] ?? ''
  if (text === '') return undefined
  const parsed = v.safeParse(PublicUrl, text)
  if (!parsed.success) {
    notes.push('Ignored PROXY_BASE_URL: want a URL such as https://mcp.example.com')
    return undefined
  }
  const path = rootPath ?? ''
  const hasPath = new URL(parsed.output).pathname.endsWith(path)
  return hasPath ? parsed.output : `${parsed.output}${path}`
}

const FIGURES = [
  ['MCP_OAUTH2_TOKEN_EXPIRY_BUFFER_SECONDS', 'expiryBuffer'],
  ['MCP_OAUTH2_TOKEN_CACHE_MIN_TTL', 'minLifetime'],
  ['MCP_OAUTH2_TOKEN_CACHE_DEFAULT_TTL', 'defaultLifetime'],
  ['MCP_OAUTH2_TOKEN_CACHE_MAX_SIZE', 'maxSize'],
] as const

function readTokenCache(env: Environment, notes: string[]): Partial<TokenCacheConfig> {
  const found = FIGURES.flatMap(([name, key]) => {
    const text = env[name] ?? ''
    if (text === '') return []
    const parsed = v.safeParse(Count, text)
    if (parsed.success) return [[key, parsed.output] as const]
    notes.push(`Ignored ${name}: want a whole number from 1 to 100000`)
    return []
  })
  return Object.fromEntries(found)
}
