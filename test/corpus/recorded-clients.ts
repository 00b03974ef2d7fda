/** What a client really does, request by request, as far as it differs between clients. */
export interface RecordedClient {
  readonly name: string
  /** Where its user was told to connect, below B. */
  readonly mount: string
  readonly probe: 'GET' | 'HEAD' | 'POST'
  /** What it asks for before it signs in, in its order, and what it must get. */
  readonly discovery: readonly (readonly [path: string, status: 200 | 404])[]
  /** What it registers; without, it comes with an id of its own. */
  readonly registration?: Readonly<Record<string, unknown>>
  readonly clientId?: string
  /** The endpoints it calls: those of the last document, or at the root whatever that says. */
  readonly endpoints: 'advertised' | 'root'
  /** What it adds to a plain authorization request; undefined takes a parameter away. */
  readonly authorize: Readonly<Record<string, string | undefined>>
  readonly refresh: Readonly<Record<string, string | undefined>>
  /** The page it runs in, for CORS. */
  readonly origin?: string
  readonly source: string
}

const PRM = '/.well-known/oauth-protected-resource'
const AS = '/.well-known/oauth-authorization-server'
const OIDC = '/.well-known/openid-configuration'
const resource = 'http://localhost:4000/gh/mcp'
const CLAUDE = 'https://claude.ai/api/mcp/auth_callback'

/** The clients whose sequences are known; SPEC and issue threads are the sources. */
export const RECORDED_CLIENTS: readonly RecordedClient[] = [
  {
    name: 'TypeScript SDK 1.x',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
    ],
    registration: {
      client_name: 'x',
      redirect_uris: ['http://localhost:3000/cb'],
      token_endpoint_auth_method: 'none',
    },
    endpoints: 'advertised',
    authorize: { redirect_uri: 'http://localhost:3000/cb', resource },
    refresh: { resource },
    source: 'modelcontextprotocol/typescript-sdk v1.x src/client/auth.ts',
  },
  {
    name: 'TypeScript SDK 2.x',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
    ],
    registration: {
      client_name: 'x',
      redirect_uris: ['http://localhost:3000/cb'],
      application_type: 'native',
    },
    endpoints: 'advertised',
    authorize: {
      redirect_uri: 'http://localhost:3000/cb',
      resource,
      scope: 'read offline_access',
      prompt: 'consent',
    },
    refresh: { resource },
    source: 'modelcontextprotocol/typescript-sdk packages/client/src/client/auth.ts',
  },
  {
    name: 'Python SDK',
    mount: '/mcp/gh',
    probe: 'POST',
    discovery: [
      [`${PRM}/mcp/gh`, 200],
      [`${AS}/gh`, 200],
    ],
    registration: {
      client_name: 'x',
      redirect_uris: ['http://localhost:3030/callback'],
      scope: 'read write',
      token_endpoint_auth_method: null,
    },
    endpoints: 'advertised',
    authorize: {
      redirect_uri: 'http://localhost:3030/callback',
      resource: 'http://localhost:4000/mcp/gh',
      scope: 'read write',
    },
    refresh: { resource: 'http://localhost:4000/mcp/gh' },
    source: 'modelcontextprotocol/python-sdk src/mcp/client/auth',
  },
  {
    name: 'mcp-remote',
    mount: '/gh/mcp',
    probe: 'GET',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh/mcp`, 200],
      [AS, 200],
    ],
    registration: {
      client_name: 'MCP CLI Proxy',
      redirect_uris: ['http://localhost:3335/oauth/callback'],
      scope: 'openid email profile',
    },
    endpoints: 'advertised',
    authorize: {
      redirect_uri: 'http://localhost:3335/oauth/callback',
      scope: 'openid email profile',
    },
    refresh: {},
    source: 'geelen/mcp-remote src/lib',
  },
  {
    name: 'MCP Inspector in the browser',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
    ],
    registration: {
      client_name: 'MCP Inspector',
      redirect_uris: ['http://localhost:6274/oauth/callback'],
    },
    endpoints: 'advertised',
    authorize: { redirect_uri: 'http://localhost:6274/oauth/callback', resource },
    refresh: { resource },
    origin: 'http://localhost:6274',
    source: 'modelcontextprotocol/inspector',
  },
  {
    name: 'Claude Code',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
      [`${OIDC}/gh`, 200],
    ],
    clientId: 'https://claude.ai/oauth/claude-code-client-metadata',
    endpoints: 'advertised',
    authorize: {
      redirect_uri: 'http://localhost:54545/callback',
      resource,
      scope: 'read offline_access',
      prompt: 'consent',
    },
    refresh: { scope: undefined },
    source: 'anthropics/claude-code#37767, #89862',
  },
  {
    name: 'claude.ai, by the endpoints at the root',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
      [AS, 200],
    ],
    registration: {
      client_name: 'Claude',
      redirect_uris: [CLAUDE],
      token_endpoint_auth_method: 'client_secret_post',
    },
    endpoints: 'root',
    authorize: { redirect_uri: CLAUDE, scope: ' offline_access', prompt: 'consent' },
    refresh: {},
    source: 'anthropics/claude-ai-mcp#82, #96',
  },
  {
    name: 'an old client with an id of its own',
    mount: '/mcp',
    probe: 'POST',
    discovery: [
      [PRM, 200],
      [AS, 200],
    ],
    clientId: 'dummy_client',
    endpoints: 'root',
    authorize: { redirect_uri: 'http://localhost:62646/callback', state: undefined },
    refresh: {},
    source: 'BerriAI/litellm#20784',
  },
  {
    name: 'ChatGPT',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
    ],
    registration: {
      client_name: 'ChatGPT',
      redirect_uris: ['https://chatgpt.com/connector/oauth/abc123'],
      token_endpoint_auth_method: 'none',
    },
    endpoints: 'advertised',
    authorize: {
      redirect_uri: 'https://chatgpt.com/connector/oauth/abc123',
      resource,
      state: 's'.repeat(600),
    },
    refresh: { resource },
    origin: 'https://chatgpt.com',
    source: 'activepieces/activepieces#15023',
  },
  {
    name: 'Cursor',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
    ],
    registration: {
      client_name: 'Cursor',
      application_type: 'web',
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
    },
    endpoints: 'advertised',
    authorize: { redirect_uri: 'http://localhost:8787/callback', resource, state: undefined },
    refresh: { resource },
    source: 'better-auth/better-auth#10946',
  },
  {
    name: 'VS Code',
    mount: '/gh/mcp',
    probe: 'POST',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
      [`${OIDC}/gh`, 200],
      ['/gh/.well-known/openid-configuration', 200],
    ],
    registration: {
      client_name: 'Visual Studio Code',
      grant_types: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
    },
    endpoints: 'advertised',
    authorize: { redirect_uri: 'http://127.0.0.1:51234/', resource, state: 'short' },
    refresh: {},
    source: 'microsoft/vscode src/vs/base/common/oauth.ts, #278512',
  },
  {
    name: 'Codex',
    mount: '/gh/mcp',
    probe: 'GET',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`/gh/mcp${PRM}`, 200],
      [`${AS}/gh`, 200],
      [`${OIDC}/gh`, 200],
      [`/gh${OIDC}`, 200],
    ],
    registration: { client_name: 'Codex', redirect_uris: ['http://127.0.0.1:1455/callback/x1'] },
    endpoints: 'advertised',
    authorize: {
      redirect_uri: 'http://127.0.0.1:1455/callback/x1',
      resource,
      scope: 'read offline_access',
    },
    refresh: { scope: 'read offline_access' },
    source: 'openai/codex#30460',
  },
  {
    name: 'Gemini CLI',
    mount: '/gh/mcp',
    probe: 'HEAD',
    discovery: [
      [`${PRM}/gh/mcp`, 200],
      [`${AS}/gh`, 200],
    ],
    registration: {
      client_name: 'Gemini CLI',
      redirect_uris: ['http://localhost:7777/oauth/callback'],
      scope: '',
    },
    endpoints: 'advertised',
    authorize: {
      redirect_uri: 'http://localhost:7777/oauth/callback',
      resource,
      scope: 'read write',
    },
    refresh: { resource },
    source: 'google-gemini/gemini-cli packages/core/src/mcp/oauth-provider.ts',
  },
]
