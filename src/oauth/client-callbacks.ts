/** A callback of a well-known client, and where its maker or its source says so. */
export interface ClientCallback {
  readonly client: string
  /** Exact, or with one `*` for the last path segment. */
  readonly redirectUri: string
  readonly source: string
}

/** Callbacks that say which client they belong to. */
export const BUILT_IN_CALLBACKS: readonly ClientCallback[] = [
  {
    client: 'Claude',
    redirectUri: 'https://claude.ai/api/mcp/auth_callback',
    source: 'Anthropic help centre, "Building custom connectors"',
  },
  {
    client: 'Claude',
    redirectUri: 'https://claude.com/api/mcp/auth_callback',
    source: 'Anthropic help centre, "Building custom connectors"',
  },
  {
    client: 'VS Code',
    redirectUri: 'https://vscode.dev/redirect',
    source: 'microsoft/vscode src/vs/base/common/oauth.ts',
  },
  {
    client: 'VS Code Insiders',
    redirectUri: 'https://insiders.vscode.dev/redirect',
    source: 'microsoft/vscode src/vs/base/common/oauth.ts',
  },
  {
    client: 'Cursor',
    redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
    source: 'better-auth/better-auth#10946',
  },
  {
    client: 'Cursor agents',
    redirectUri: 'https://www.cursor.com/agents/mcp/oauth/callback',
    source: 'better-auth/better-auth#10946',
  },
  {
    client: 'ChatGPT',
    redirectUri: 'https://chatgpt.com/connector_platform_oauth_redirect',
    source: 'OpenAI Apps SDK, "Authentication"',
  },
  {
    client: 'ChatGPT',
    redirectUri: 'https://chatgpt.com/connector/oauth/*',
    source: 'OpenAI Apps SDK, "Authentication"',
  },
]

/**
 * Clients that listen on a loopback port of their own: RFC 8252 §7.3 lets them all in, and since any
 * program could listen there, none is believed to be who it says.
 */
export const LOOPBACK_CLIENTS: readonly ClientCallback[] = [
  {
    client: 'Claude Code',
    redirectUri: 'http://localhost:*/callback',
    source: 'https://claude.ai/oauth/claude-code-client-metadata, anthropics/claude-code#37767',
  },
  {
    client: 'VS Code',
    redirectUri: 'http://127.0.0.1:*/',
    source: 'microsoft/vscode#278512',
  },
  {
    client: 'Cursor',
    redirectUri: 'http://localhost:8787/callback',
    source: 'better-auth/better-auth#10946',
  },
  {
    client: 'Windsurf',
    redirectUri: 'http://127.0.0.1:*/callback',
    source: 'Windsurf documentation, "Cascade MCP integration"',
  },
  {
    client: 'Gemini CLI',
    redirectUri: 'http://localhost:*/oauth/callback',
    source: 'google-gemini/gemini-cli packages/core/src/mcp/oauth-provider.ts',
  },
  {
    client: 'Codex',
    redirectUri: 'http://127.0.0.1:*/callback',
    source: 'openai/codex codex-rs/rmcp-client',
  },
  {
    client: 'Codex, newer',
    redirectUri: 'http://127.0.0.1:33418/callback/*',
    source: 'openai/codex#30460',
  },
  {
    client: 'MCP Inspector',
    redirectUri: 'http://127.0.0.1:6276/oauth/callback',
    source: 'modelcontextprotocol/inspector',
  },
  {
    client: 'MCP Inspector, in the browser',
    redirectUri: 'http://localhost:6274/oauth/callback',
    source: 'modelcontextprotocol/inspector',
  },
  {
    client: 'mcp-remote',
    redirectUri: 'http://localhost:*/oauth/callback',
    source: 'geelen/mcp-remote src/lib/node-oauth-client-provider.ts',
  },
]
