/** A callback of a well-known client, and where its maker or its source says so. */
export interface ClientCallback {
  readonly client: string
  /** Exact, or with one `*` for the last path segment. */
  readonly redirectUri: string
  readonly source: string
}

/** Callbacks of hosted and desktop clients; loopback ones need no entry (RFC 8252 §7.3). */
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
]
