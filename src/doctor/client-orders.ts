/** Where a client looks for protected resource metadata. */
export type ResourcePlace = 'challenge' | 'inserted' | 'appended' | 'root'

/** Where a client looks for authorization server metadata: at an issuer, below the MCP path, or at the origin. */
export type ServerPlace =
  | 'oauth inserted'
  | 'openid inserted'
  | 'openid appended'
  | 'oauth at the MCP path'
  | 'oauth at the root'

/**
 * Ends there, or goes on to the next place; or takes the origin for the issuer, as if no resource had
 * metadata, and ends at what it finds wrong with the issuer's.
 */
export type ErrorHabit = 'ends' | 'next place' | 'origin'

/** In which way a client comes by a client id. */
export type RegistrationWay = 'document' | 'dynamic'

/** What a client does from the first request to the authorization endpoint, in its own order. */
export interface ClientOrder {
  readonly client: string
  /** How it asks first, and must get a 401 for; some ask nothing. */
  readonly probe: 'POST' | 'GET' | 'HEAD' | undefined
  readonly resource: readonly ResourcePlace[]
  /** Whether it looks nowhere else where the challenge names a place. */
  readonly trustsChallenge: boolean
  /** What it does at an error, or where something else stands than the metadata; all go on after "not found". */
  readonly atErrors: ErrorHabit
  /** What it holds `resource` against: the exact URL, the URL or a path above it, or nothing. */
  readonly resourceCheck: 'exact' | 'above' | 'none'
  readonly server: readonly ServerPlace[]
  /** Whether `issuer` must be the one that the resource named. */
  readonly checksIssuer: boolean
  /** Whether it holds documents against the schemas of the official TypeScript SDKs. */
  readonly isStrict: boolean
  /** Whether the metadata must list S256; else it only may not list other methods alone. */
  readonly wantsPkceListed: boolean
  /** Whether it goes on to `/authorize`, `/token` and `/register` at the root without metadata. */
  readonly hasFallback: boolean
  /** Whether it uses those at the root whatever the metadata says. */
  readonly prefersRoot: boolean
  readonly registration: readonly RegistrationWay[]
  /** Whether a user can give it an id that was registered by hand. */
  readonly takesClientId: boolean
  /** Whether its requests come from its maker's machines. */
  readonly isRemote: boolean
  /** Whether metadata at the root makes it sign in at a server that asks for nothing. */
  readonly isLedByRoot: boolean
  /** Whether a server of today may well do without it. */
  readonly isFormer: boolean
  readonly source: string
}

const COMMON: Omit<ClientOrder, 'client' | 'source'> = {
  probe: 'POST',
  resource: ['challenge', 'inserted', 'root'],
  trustsChallenge: false,
  atErrors: 'ends',
  resourceCheck: 'above',
  server: ['oauth inserted', 'openid inserted', 'openid appended'],
  checksIssuer: false,
  isStrict: false,
  wantsPkceListed: false,
  hasFallback: true,
  prefersRoot: false,
  registration: ['dynamic'],
  takesClientId: true,
  isRemote: false,
  isLedByRoot: false,
  isFormer: false,
}

/** The official TypeScript SDK (`client/auth`), on which many clients stand. */
const SDK: typeof COMMON = {
  ...COMMON,
  trustsChallenge: true,
  atErrors: 'origin',
  isStrict: true,
}

/** The well-known clients, each with where it shows what it does. */
export const CLIENT_ORDERS: readonly ClientOrder[] = [
  {
    ...COMMON,
    client: 'Claude',
    server: ['oauth inserted', 'openid inserted', 'oauth at the MCP path', 'oauth at the root'],
    registration: ['document', 'dynamic'],
    isRemote: true,
    isLedByRoot: true,
    source: 'anthropics/claude-ai-mcp#376, #367, #713, #925, lion-reader#978',
  },
  {
    ...COMMON,
    client: 'Claude, by the endpoints at the root',
    prefersRoot: true,
    isRemote: true,
    isFormer: true,
    source: 'anthropics/claude-ai-mcp#82, #341',
  },
  {
    ...SDK,
    client: 'Claude Code',
    server: ['oauth inserted', 'openid inserted', 'openid appended', 'oauth at the MCP path'],
    checksIssuer: true,
    registration: ['document', 'dynamic'],
    source: 'version 2.1.330, run; anthropics/claude-code#61376',
  },
  {
    ...COMMON,
    client: 'ChatGPT',
    resource: ['challenge', 'inserted'],
    server: ['oauth inserted', 'openid inserted'],
    wantsPkceListed: true,
    hasFallback: false,
    registration: ['document', 'dynamic'],
    isRemote: true,
    source: 'OpenAI Apps SDK, "Authentication"',
  },
  {
    ...COMMON,
    client: 'VS Code',
    atErrors: 'next place',
    resourceCheck: 'exact',
    registration: ['document', 'dynamic'],
    source: 'microsoft/vscode src/vs/base/common/oauth.ts, #271403',
  },
  { ...SDK, client: 'Cursor', source: 'TypeScript SDK 1.x; better-auth/better-auth#10946' },
  {
    ...COMMON,
    client: 'Codex',
    probe: 'GET',
    resource: ['inserted', 'appended', 'root'],
    server: ['oauth inserted', 'openid inserted', 'openid appended', 'oauth at the root'],
    hasFallback: false,
    registration: ['document', 'dynamic'],
    source: 'version 0.169, run; codex-rs/rmcp-client',
  },
  {
    ...COMMON,
    client: 'Gemini CLI',
    probe: 'HEAD',
    atErrors: 'next place',
    resourceCheck: 'exact',
    server: ['oauth inserted', 'openid inserted', 'openid appended', 'oauth at the root'],
    hasFallback: false,
    source: 'google-gemini/gemini-cli packages/core/src/mcp/oauth-provider.ts',
  },
  {
    ...SDK,
    client: 'mcp-remote',
    probe: 'GET',
    resource: ['inserted', 'root'],
    trustsChallenge: false,
    atErrors: 'next place',
    resourceCheck: 'none',
    server: ['oauth at the MCP path', 'oauth at the root', ...SDK.server],
    source: 'version 0.15.1, run; geelen/mcp-remote src/lib',
  },
  { ...SDK, client: 'MCP Inspector', source: 'version 2.12, run' },
  { ...SDK, client: 'TypeScript SDK 1.x', source: 'version 1.32.2, run' },
  {
    ...SDK,
    client: 'TypeScript SDK 2.x',
    checksIssuer: true,
    registration: ['document', 'dynamic'],
    source: 'version 2.4.0, run',
  },
  {
    ...COMMON,
    client: 'Python SDK 2.x',
    checksIssuer: true,
    registration: ['document', 'dynamic'],
    source: 'modelcontextprotocol/python-sdk src/mcp/client/auth',
  },
  {
    ...COMMON,
    client: 'clients of 2025-03-26',
    resource: [],
    resourceCheck: 'none',
    server: ['oauth at the root'],
    isFormer: true,
    source: 'MCP 2025-03-26, authorization',
  },
]
