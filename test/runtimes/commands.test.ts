import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { signIn } from '../support/mcp-client.ts'
import { RUNTIMES, type Runtime, serve } from './runtimes.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-proxy-'))
after(() => rmSync(folder, { recursive: true }))

function run({ command, args }: Runtime, own: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(command, [...args, ...own], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 20_000,
  })
  return { status, stdout, stderr }
}

function fileOf(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

for (const runtime of RUNTIMES) {
  const skip = runtime.isInstalled ? false : 'not installed'
  describe(`the commands on ${runtime.name}`, { skip }, () => tell(runtime))
}

function tell(runtime: Runtime): void {
  it('prints its version and its help', () => {
    const version = JSON.parse(readFileSync('package.json', 'utf8')).version

    assert.deepEqual(run(runtime, ['--version']), { status: 0, stdout: `${version}\n`, stderr: '' })
    for (const words of [
      ['--help'],
      ['serve', '--help'],
      ['check', '--help'],
      ['doctor', '--help'],
      ['keygen', '--help'],
    ]) {
      const { status, stdout } = run(runtime, words)
      assert.equal(status, 0)
      assert.match(stdout, /^mcp-oauth-proxy/)
    }
  })

  it('prints a fresh key of 32 bytes', () => {
    const keys = [1, 2].map(() => run(runtime, ['keygen']).stdout)

    for (const key of keys) assert.match(key, /^[A-Za-z0-9_-]{43}\n$/)
    assert.notEqual(keys[0], keys[1])
  })

  it('ends with 2 and a line for each mistake of a configuration', () => {
    const config = fileOf(
      'bad.yaml',
      'consent: maybe\nmcp_servers: { a: { url: x, auth_type: none } }',
    )

    for (const command of ['check', 'serve']) {
      const { status, stdout, stderr } = run(runtime, [command, '--config', config])
      assert.equal(status, 2)
      assert.equal(stdout, '')
      assert.deepEqual(
        stderr
          .trim()
          .split('\n')
          .map((line) => line.replace(folder, '').split(' ').slice(0, 2).join(' ')),
        ['/bad.yaml:1:1 consent:', '/bad.yaml:2:21 mcp_servers.a.url:'],
      )
    }
  })

  it('ends with 2 for arguments that it can not use', () => {
    const missing = join(folder, 'missing.yaml')
    for (const [words, message] of [
      [[], /Missing --config/],
      [['--config', missing], /missing\.yaml:1:1 Cannot read the configuration/],
      [['--nope'], /nope/],
      [['nope'], /Unknown command/],
      [['check', 'more'], /Too many arguments/],
      [['--config', 'config.yaml', '--port', '70000'], /Unusable port/],
    ] as const) {
      const { status, stderr } = run(runtime, words)
      assert.equal(status, 2, words.join(' '))
      assert.match(stderr, message)
      assert.doesNotMatch(stderr, /\n\s+at /)
    }
  })

  it('names the public address, and not one that it refuses', async () => {
    const config = fileOf(
      'public.yaml',
      `allowed_hosts: [mcp.example.com]
secret_keys: [a-secret-of-at-least-32-bytes-for-the-tests]
mcp_servers: { github: { url: 'http://127.0.0.1:9/mcp', auth_type: none, access: open } }
`,
    )
    const { child, base } = await serve(runtime, config)
    await child.waitFor(/inspector/)
    await child.stop()

    assert.match(
      child.output(),
      /claude mcp add --transport http github https:\/\/mcp\.example\.com\/github\/mcp/,
    )
    assert.doesNotMatch(child.output(), new RegExp(`${base}/github`))
  })

  it('serves the shipped configuration, whose key outlives a restart', async () => {
    const state = mkdtempSync(join(folder, 'state-'))
    const allowing = allowToWrite(runtime, state)
    const first = await serve(allowing, 'config.yaml', { XDG_STATE_HOME: state })
    const signedIn = await signIn(`${first.base}/demo/mcp`)
    const added = await signedIn.client.callTool({ name: 'add', arguments: { a: 2, b: 3 } })
    await signedIn.client.close()
    await first.child.stop()

    const path = join(state, 'mcp-oauth-proxy', 'secret.key')
    const key = readFileSync(path, 'utf8')
    await (await serve(allowing, 'config.yaml', { XDG_STATE_HOME: state })).child.stop()

    assert.match(JSON.stringify(added), /5/)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(readFileSync(path, 'utf8'), key)
  })

  it('ends with 1 where the port is taken or the key can not be kept', async () => {
    const state = mkdtempSync(join(folder, 'state-'))
    const allowing = allowToWrite(runtime, folder)
    const { child, base } = await serve(allowing, 'config.yaml', { XDG_STATE_HOME: state })
    const port = new URL(base).port

    const taken = run(allowing, ['--config', 'config.yaml', '--port', port], {
      XDG_STATE_HOME: state,
    })
    await child.stop()

    assert.equal(taken.status, 1)
    assert.match(taken.stderr, /port is taken/)
    const link = mkdtempSync(join(folder, 'link-'))
    symlinkSync(state, join(link, 'mcp-oauth-proxy'))
    symlinkSync('/dev/null', join(state, 'secret.key'))
    const linked = run(allowing, ['--config', 'config.yaml', '--port', '0'], {
      XDG_STATE_HOME: link,
    })
    assert.equal(linked.status, 1)
    assert.match(linked.stderr, /Cannot keep a key in/)
  })
}

/** Deno must be told that the key may be kept. */
function allowToWrite(runtime: Runtime, path: string): Runtime {
  const [first, ...rest] = runtime.args
  return first === 'run' ? { ...runtime, args: [first, `--allow-write=${path}`, ...rest] } : runtime
}

describe('the package', () => {
  const packed = spawnSync(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder],
    {
      encoding: 'utf8',
    },
  )
  const tarball = `./${packed.stdout.trim()}`

  it('runs by npx from its tarball', () => {
    const args = [
      '--yes',
      '--offline',
      tarball,
      'check',
      '--config',
      join(process.cwd(), 'config.yaml'),
    ]
    const { status, stdout, stderr } = spawnSync('npx', args, {
      encoding: 'utf8',
      cwd: folder,
      timeout: 60_000,
    })

    assert.equal(status, 0, stderr)
    assert.match(stdout, /The configuration is valid/)
  })

  it('holds one executable file with its source map, and depends on nothing', () => {
    const file = 'dist/mcp-oauth-proxy.mjs'
    accessSync(file, constants.X_OK)
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))

    assert.match(readFileSync(file, 'utf8'), /^#!\/usr\/bin\/env node\n/)
    assert.ok(existsSync(`${file}.map`))
    assert.equal(dependencies, undefined)
  })
})
