import { check } from './cli/check.ts'
import { CommandError, type Invocation } from './cli/command.ts'
import { doctor } from './cli/doctor.ts'
import { createSecretKey } from './cli/secrets.ts'
import { serve } from './cli/serve.ts'
import { token } from './cli/token.ts'
import { detectPlatform } from './platform/index.ts'
import { parseOptions } from './platform/options.ts'
import type { Platform } from './platform/platform.ts'

declare const VERSION: string

const HELP: Record<string, string> = {
  serve: `mcp-oauth-proxy [serve] --config FILE [--host HOST] [--port PORT] [--workers N]

Serves the MCP servers that FILE names. HOST and PORT in the environment stand between these
options (stronger) and the file (weaker). With --workers so many processes share the port, to use as
many cores; not under Deno.
`,
  check: `mcp-oauth-proxy check --config FILE [--online]

Validates FILE and says what is wrong with it, all at once; exit status 2 if anything is. Shows each
server, its path, who comes in and what goes upstream. With --online every server and provider is
asked whether that works, and each failure names the line to change; exit status 1 if any does not.
`,
  doctor: `mcp-oauth-proxy doctor URL [--login] [--json] [--client-id ID] [--call TOOL [--arguments JSON]]

Does at URL, the public address of any MCP server, what a client does, step by step: challenge,
metadata in its places, registration, authorization, token, handshake, stream. Says of each what was
seen, of each failure the likely cause and the lines to paste for the proxy, nginx, Caddy and HAProxy,
and which well-known clients get through. Exit status 1 if a step or a client of today fails.

Without --client-id it registers itself as a client at the authorization server, which may keep that.

  --login        signs in, in your browser, which BROWSER names, and goes on with the token: handshake,
                 tools, stream, refresh. Tokens are never shown, and revoked in the end. Under Deno this
                 needs --allow-run, or you open the URL by hand
  --client-id    the id of a public client that was registered by hand, with the redirect URI
                 http://127.0.0.1/callback on any port
  --call         calls this tool, which only you know to be harmless, to see whether its events come as
                 they are sent; --arguments are its arguments, {} if not given
  --json         for machines, on standard output
`,
  token: `mcp-oauth-proxy token SERVER --config FILE

Fetches one token for a server with oauth2_flow: client_credentials and lists the server's tools with
it. Shows type, scope and lifetime of the token, never the token.
`,
  keygen: `mcp-oauth-proxy keygen

Prints a fresh secret key for secret_keys.
`,
}

const OVERVIEW = `mcp-oauth-proxy ${VERSION}: lets any MCP client sign in to any MCP server

  mcp-oauth-proxy [serve] --config FILE [--host HOST] [--port PORT] [--workers N]
  mcp-oauth-proxy check --config FILE [--online]  validate; --online also asks servers and providers
  mcp-oauth-proxy doctor URL [--login] [--json]   do what a client does at a public MCP URL
  mcp-oauth-proxy token SERVER --config FILE      prove a client_credentials server: fetch one token
  mcp-oauth-proxy keygen                          print a fresh secret key
  mcp-oauth-proxy --version | --help | COMMAND --help
`

/** Runs one command and gives its exit status: 0 well, 1 a run failed, 2 unusable input. */
async function main(platform: Platform): Promise<number> {
  const options = parseOptions(platform.args)
  if (options.kind === 'unusable') throw new CommandError(2, options.message)
  const { words, values } = options
  const [command, ...extra] = words
  if (values['version'] === true) return print(platform, `${VERSION}\n`)
  if (values['help'] === true) return print(platform, HELP[command ?? ''] ?? OVERVIEW)
  if (extra.length > (WITH_WORD.has(command) ? 1 : 0))
    throw new CommandError(2, `Too many arguments\n\n${OVERVIEW}`)
  return run(command ?? 'serve', { platform, values, words: extra })
}

/** The commands that take one word. */
const WITH_WORD: ReadonlySet<string | undefined> = new Set(['doctor', 'token'])

function run(command: string, invocation: Invocation): number | Promise<number> {
  switch (command) {
    case 'serve':
      return serve(invocation)
    case 'check':
      return check(invocation)
    case 'doctor':
      return doctor(invocation)
    case 'token':
      return token(invocation)
    case 'keygen':
      return print(invocation.platform, `${createSecretKey()}\n`)
    default:
      throw new CommandError(2, `Unknown command\n\n${OVERVIEW}`)
  }
}

function print(platform: Platform, text: string): number {
  platform.write(text)
  return 0
}

const platform = detectPlatform()
try {
  platform.exit(await main(platform))
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  platform.writeError(`${error.message}\n`)
  platform.exit(error.status)
}
