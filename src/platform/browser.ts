import { platform } from 'node:os'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Opens a URL in the user's browser: the program that BROWSER names, else the desktop's. Without a
 * shell, so that the URL is nothing but one argument (THREATS T55).
 */
export async function openBrowser(url: string, env: Environment): Promise<boolean> {
  const { spawn } = await import('node:child_process')
  const [command, ...args] = commandOf(env)
  return new Promise((resolve) => {
    try {
      const child = spawn(command, [...args, url], {
        stdio: 'ignore',
        detached: true,
        shell: false,
      })
      child.once('error', () => resolve(false))
      child.once('spawn', () => {
        child.unref()
        resolve(true)
      })
    } catch {
      resolve(false) // Deno without --allow-run
    }
  })
}

function commandOf({ BROWSER: own }: Environment): readonly [string, ...string[]] {
  if (own !== undefined && own !== '') return [own]
  switch (platform()) {
    case 'darwin':
      return ['open']
    case 'win32':
      return ['rundll32', 'url.dll,FileProtocolHandler']
    default:
      return ['xdg-open']
  }
}
