import { serve } from '@hono/node-server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

/** A server of the SDK's second generation, which speaks 2026-07-28 and all before it. */
export async function startModernServer(name = 'modern'): Promise<{
  readonly url: string
  close(): Promise<void>
}> {
  const handler = createMcpHandler(() => createServer(name))
  return new Promise((resolve) => {
    const server = serve(
      { fetch: (request) => handler.fetch(request), port: 0, hostname: '127.0.0.1' },
      ({ port }) =>
        resolve({
          url: `http://127.0.0.1:${port}/mcp`,
          close: () => new Promise((closed) => server.close(() => closed())),
        }),
    )
  })
}

function createServer(name: string): McpServer {
  const server = new McpServer(
    { name, version: '1.0.0' },
    { capabilities: { logging: {}, completions: {} } },
  )
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
  server.registerTool('test_simple_text', { description: 'Says a sentence' }, async () =>
    text('This is a simple text response for testing.'),
  )
  server.registerTool('test_error_handling', { description: 'Fails' }, async () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  server.registerResource(
    'static',
    'test://static-text',
    { mimeType: 'text/plain' },
    async (uri) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'text/plain',
          text: 'This is the content of the static text resource.',
        },
      ],
    }),
  )
  server.registerPrompt('test_simple_prompt', { description: 'A prompt' }, async () => ({
    messages: [
      { role: 'user', content: { type: 'text', text: 'This is a simple prompt for testing.' } },
    ],
  }))
  return server
}
