import { createOwnTokens } from '../oauth-client/own-tokens.ts'
import { createProviders } from '../oauth-client/providers.ts'
import type { TokenResponse } from '../oauth-client/token-request.ts'
import { CommandError, type Invocation } from './command.ts'
import { listTools } from './mcp-client.ts'
import { describeTools } from './online.ts'
import { readConfig } from './read-config.ts'

/** `token SERVER`: proves a client_credentials server by fetching one token, which it never shows. */
export async function token(invocation: Invocation): Promise<number> {
  const { platform, words } = invocation
  const [name = ''] = words
  const { config } = await readConfig(invocation)
  const server = config.servers.find((one) => one.name === name || one.alias === name)
  if (server === undefined) {
    const names = config.servers.map((one) => one.name).join(', ')
    throw new CommandError(2, `Unknown server: want one of ${names}`)
  }
  const { credential, url, staticHeaders } = server
  if (credential.kind !== 'machine') {
    throw new CommandError(
      2,
      `${server.name} has no token of the proxy's own: want a server with oauth2_flow: client_credentials`,
    )
  }
  const { fetchGuarded } = platform
  const now = Date.now
  const providers = createProviders({ fetch, fetchGuarded, now, log: () => undefined })
  const tokens = createOwnTokens({ providers, tokenCache: config.tokenCache, now })
  const result = await tokens.fetchMachineToken(credential)
  if (result.kind !== 'granted') {
    const why = result.kind === 'refused' ? `error ${result.error}` : result.cause
    throw new CommandError(1, `The provider of ${server.name} gave no token: ${why}`)
  }
  platform.write(`The provider of ${server.name} gave a token\n${describe(result.response)}`)
  const authorization = `Bearer ${result.response.access_token}`
  const tools = await listTools(url, { ...Object.fromEntries(staticHeaders), authorization })
  const { isWell, text } = describeTools(tools)
  const listed = tools.kind === 'listed' ? tools.names.map((tool) => `  ${tool}\n`).join('') : ''
  platform.write(`  tools     ${text}\n${listed}`)
  return isWell ? 0 : 1
}

function describe({ token_type: type, scope, expires_in: expiresIn }: TokenResponse): string {
  return [
    `  type      ${type ?? 'Bearer'}`,
    `  scope     ${scope ?? 'not named'}`,
    `  lifetime  ${expiresIn === undefined ? 'not named' : `${expiresIn} s`}`,
    '',
  ].join('\n')
}
