/** Where a client looks for protected resource metadata. */
export type ResourcePlace = 'challenge' | 'inserted' | 'appended' | 'root'

/** Where a client looks for authorization server metadata: at an issuer, below the MCP path, or at the origin. */
export type ServerPlace =
  | 'oauth inserted'
  | 'openid inserted'
  | 'openid appended'
  | 'oauth at the MCP path'
  | 'oauth at the root'

/** In which way a client comes by a client id. */
export type RegistrationWay = 'document' | 'dynamic'

/** What a client does from the first request to the authorization endpoint, in its own order. */
export interface ClientOrder {
  readonly client: string
  /** How it asks first, and must get a 401 for; some ask nothing. */
  readonly probe: 'POST' | 'GET' | 'HEAD' | undefined
  readonly resource: readonly ResourcePlace[]
  /** What it holds `resource` against: the exact URL, the URL or a path above it, or nothing. */
  readonly resourceCheck: 'exact' | 'above' | 'none'
  readonly server: readonly ServerPlace[]
  /** Whether `issuer` must be the one that the resource named. */
  readonly checksIssuer: boolean
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

const SDK: Omit<ClientOrder, 'client' | 'source'> = {
  probe: 'POST',
  resource: ['challenge', 'inserted', 'root'],
  resourceCheck: 'above',
  server: ['oauth inserted', 'openid inserted', 'openid appended'],
  checksIssuer: false,
  hasFallback: true,
  prefersRoot: false,
  registration: ['dynamic'],
  takesClientId: true,
  isRemote: false,
  isLedByRoot: false,
  isFormer: false,
}

/** The well-known clients, each with where it shows what it does. */
export const CLIENT_ORDERS: readonly ClientOrder[] = [
  {
    ...SDK,
    client: 'Claude',
    resource: ['challenge', 'inserted', 'root'],
    server: ['oauth inserted', 'openid inserted', 'oauth at the MCP path', 'oauth at the root'],
    registration: ['document', 'dynamic'],
    isRemote: true,
    isLedByRoot: true,
    source: 'anthropics/claude-ai-mcp#376, #367, #713, #925, lion-reader#978',
  },
  {
    ...SDK,
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
    ...SDK,
    client: 'ChatGPT',
    resource: ['challenge', 'inserted'],
    server: ['oauth inserted', 'openid inserted'],
    hasFallback: false,
    registration: ['document', 'dynamic'],
    isRemote: true,
    source: 'OpenAI Apps SDK, "Authentication"',
  },
  {
    ...SDK,
    client: 'VS Code',
    resourceCheck: 'exact',
    registration: ['document', 'dynamic'],
    source: 'microsoft/vscode src/vs/base/common/oauth.ts, #271403',
  },
  { ...SDK, client: 'Cursor', source: 'TypeScript SDK 1.x; better-auth/better-auth#10946' },
  {
    ...SDK,
    client: 'Codex',
    probe: 'GET',
    resource: ['inserted', 'appended', 'root'],
    server: ['oauth inserted', 'openid inserted', 'openid appended', 'oauth at the root'],
    hasFallback: false,
    registration: ['document', 'dynamic'],
    source: 'version 0.169, run; codex-rs/rmcp-client',
  },
  {
    ...SDK,
    client: 'Gemini CLI',
    probe: 'HEAD',
    resourceCheck: 'exact',
    server: ['oauth inserted', 'openid inserted', 'openid appended', 'oauth at the root'],
    source: 'google-gemini/gemini-cli packages/core/src/mcp/oauth-provider.ts',
  },
  {
    ...SDK,
    client: 'mcp-remote',
    probe: 'GET',
    resource: ['inserted', 'root'],
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
    ...SDK,
    client: 'Python SDK 2.x',
    checksIssuer: true,
    registration: ['document', 'dynamic'],
    source: 'modelcontextprotocol/python-sdk src/mcp/client/auth',
  },
  {
    ...SDK,
    client: 'clients of 2025-03-26',
    resource: [],
    resourceCheck: 'none',
    server: ['oauth at the root'],
    isFormer: true,
    source: 'MCP 2025-03-26, authorization',
  },
]
