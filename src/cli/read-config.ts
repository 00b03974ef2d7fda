import {
  type Config,
  ConfigError,
  type ProviderConfig,
  type ServerConfig,
} from '../config/config.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { importPrivateKey } from '../oauth-client/client-authentication.ts'
import { CommandError, type Invocation } from './command.ts'

/** The configuration that `--config` names, with `--host`, `--port` and the environment over it. */
export async function readConfig(invocation: Invocation): Promise<LoadedConfig> {
  const { platform, values } = invocation
  const file = values['config']
  if (typeof file !== 'string') {
    throw new CommandError(
      2,
      'Missing --config: name a configuration file, such as --config config.yaml',
    )
  }
  const text = readText(platform, file)
  const listen = readListen(invocation)
  try {
    const loaded = loadConfig({
      file,
      text,
      listen,
      env: platform.env,
      readSecret: platform.readText,
    })
    await checkPrivateKeys(loaded.config)
    return loaded
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(2, error.message, { cause: error })
    throw error
  }
}

/** Whether a key can sign shows only when it is imported. */
async function checkPrivateKeys({ servers }: Config): Promise<void> {
  for (const server of servers) {
    for (const { privateKey } of providersOf(server)) {
      if (privateKey === undefined) continue
      await importPrivateKey(privateKey).catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : 'Unusable key'
        throw new CommandError(2, `mcp_servers.${server.name}: ${why}`, { cause })
      })
    }
  }
}

function providersOf({ access, credential }: ServerConfig): readonly ProviderConfig[] {
  const signIn = access.kind === 'sign-in' && access.provider !== 'demo' ? [access.provider] : []
  return 'provider' in credential ? [...signIn, credential.provider] : signIn
}

/** Flags are stronger than the environment, and both than the file. */
function readListen({ platform, values }: Invocation): Partial<Config['listen']> {
  const host = values['host'] ?? platform.env['HOST']
  const port = values['port'] ?? platform.env['PORT']
  if (port !== undefined && !(/^\d{1,5}$/.test(String(port)) && Number(port) <= 65_535)) {
    throw new CommandError(2, 'Unusable port: want a number from 0 to 65535')
  }
  return {
    ...(typeof host === 'string' && host !== '' ? { host } : {}),
    ...(port === undefined ? {} : { port: Number(port) }),
  }
}

function readText(platform: Invocation['platform'], file: string): string {
  try {
    return platform.readText(file)
  } catch (error) {
    const message = `${file}:1:1 Cannot read the configuration: no such file, or not readable`
    throw new CommandError(2, message, { cause: error })
  }
}
