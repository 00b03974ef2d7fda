import { argv, exit, stderr, stdout } from 'node:process'
import { createRandomString } from './sealing/base64url.ts'

const HELP = `mcp-oauth-proxy: lets any MCP client sign in to any MCP server

  mcp-oauth-proxy keygen     print a fresh secret key
  mcp-oauth-proxy --help
`

/** Runs one command and gives its exit status: 0 well, 2 unusable arguments. */
function main(command: string | undefined): number {
  if (command === 'keygen') {
    stdout.write(`${createRandomString(32)}\n`)
    return 0
  }
  const asked = command === '--help' || command === 'help'
  ;(asked ? stdout : stderr).write(HELP)
  return asked ? 0 : 2
}

exit(main(argv[2]))
