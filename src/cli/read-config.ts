import { type Config, ConfigError } from '../config/config.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { CommandError, type Invocation } from './command.ts'

/** The configuration that `--config` names, with `--host`, `--port` and the environment over it. */
export function readConfig(invocation: Invocation): LoadedConfig {
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
    return loadConfig({ file, text, listen, env: platform.env, readSecret: platform.readText })
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(2, error.message, { cause: error })
    throw error
  }
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
