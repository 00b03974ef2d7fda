import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { build, type Metafile } from 'esbuild'

/** Which modules of src each module may import. The order is the order of the layers. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  log: [],
  ready: [],
  sealing: ['ready'],
  store: ['sealing'],
  http: [],
  http1: [],
  oauth: ['sealing'],
  pages: ['sealing'],
  config: ['oauth'],
  'client-metadata': ['oauth-client', 'registry', 'request'],
  registry: ['config'],
  grant: ['ready', 'sealing'],
  request: ['config', 'http', 'http1', 'ready', 'registry', 'oauth', 'sealing'],
  'oauth-client': [
    'config',
    'ready',
    'registry',
    'grant',
    'oauth',
    'http',
    'log',
    'sealing',
    'store',
  ],
  'error-response': ['log', 'oauth', 'pages', 'request'],
  'resource-server': [
    'config',
    'ready',
    'registry',
    'grant',
    'request',
    'oauth',
    'oauth-client',
    'sealing',
    'store',
  ],
  'authorization-server': [
    'config',
    'ready',
    'registry',
    'grant',
    'request',
    'oauth',
    'oauth-client',
    'pages',
    'sealing',
    'store',
    'http',
  ],
  gateway: [
    'ready',
    'registry',
    'grant',
    'log',
    'request',
    'oauth',
    'oauth-client',
    'resource-server',
    'sealing',
    'store',
    'http',
  ],
  routes: [
    'app',
    'authorization-server',
    'client-metadata',
    'config',
    'error-response',
    'gateway',
    'http',
    'oauth',
    'oauth-client',
    'ready',
    'request',
    'resource-server',
    'sealing',
  ],
  'head-routes': ['registry', 'routes'],
  app: [
    'config',
    'ready',
    'error-response',
    'gateway',
    'head-routes',
    'http',
    'log',
    'registry',
    'request',
    'routes',
    'sealing',
    'store',
  ],
  demo: ['oauth', 'request', 'sealing'],
  platform: ['app', 'gateway', 'http', 'http1', 'ready', 'request', 'store'],
  'mcp-messages': [],
  doctor: ['http', 'mcp-messages', 'oauth', 'oauth-client', 'request'],
  cli: [
    'app',
    'config',
    'demo',
    'doctor',
    'log',
    'mcp-messages',
    'oauth-client',
    'platform',
    'registry',
    'request',
    'sealing',
    'store',
  ],
  main: ['cli', 'platform'],
}

/** The module a file belongs to: its first folder under src, or its own name. */
function moduleOf(file: string): string {
  return file.replace(/^src\//, '').replace(/\/.*|\.ts$/g, '')
}

describe('architecture', () => {
  let files: Metafile['inputs']

  before(async () => {
    const { metafile } = await build({
      entryPoints: ['src/**/*.ts'],
      bundle: true,
      write: false,
      metafile: true,
      packages: 'external',
      outdir: 'x',
      format: 'esm',
    })
    files = metafile.inputs
  })

  it('imports only downwards', () => {
    for (const [file, { imports }] of Object.entries(files)) {
      const from = moduleOf(file)
      for (const { path, external } of imports) {
        const to = moduleOf(path)
        if (external || to === from) continue
        assert.ok(MAY_IMPORT[from]?.includes(to), `${file} may not import ${path}`)
      }
    }
  })

  it('touches the runtime only in src/platform', () => {
    for (const [file, { imports }] of Object.entries(files)) {
      const native = imports.filter(({ path }) => /^node:/.test(path))
      assert.ok(
        native.length === 0 || file.startsWith('src/platform/'),
        `${file} imports ${native[0]?.path}`,
      )
    }
  })
})
