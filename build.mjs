// node build.mjs          one file that runs on Node, Bun and Deno
// node build.mjs test     every test in one file, or: node build.mjs test test/oauth/pkce.test.ts
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { toJsonSchema } from '@valibot/to-json-schema'
import { build } from 'esbuild'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const BUDGET = 1_300_000 // bytes

/** Resolves packages as the web would, so that none drags in Node-only code. */
const common = {
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2023',
  sourcemap: true,
  define: { VERSION: JSON.stringify(version) },
}

if (process.argv[2] === 'test') {
  const all = readdirSync('test', { recursive: true }).map((name) => `test/${name}`)
  const named = process.argv.slice(3)
  // The conformance suite is a run of its own.
  const usual = all.filter((name) => !name.startsWith('test/conformance/'))
  const files = (named.length > 0 ? named : usual)
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
  if (files.length === 0) throw new Error('Cannot run tests: found no test file')
  rmSync('dist/test', { recursive: true, force: true })
  // Tests that start programs take their time, each file in a process of its own beside the others.
  const isSlow = (name) => /^test\/(?:runtimes|conformance)\//.test(name)
  const isFlow = (name) => name.startsWith('test/flows/')
  // These run longest, so their names come first: the runner goes by the alphabet.
  const suites = [
    ['a-flows', files.filter(isFlow)],
    ['a-units', files.filter((name) => !isSlow(name) && !isFlow(name))],
    ...files.filter(isSlow).map((name) => [basename(name, '.test.ts'), [name]]),
  ]
  for (const [name, suite] of suites) {
    if (suite.length === 0) continue
    const contents = suite.map((name) => `import './${name}'`).join('\n')
    const outfile = `dist/test/${name}.mjs`
    const stdin = { contents, resolveDir: '.' }
    await build({ ...common, stdin, outfile, packages: 'external', external: ['node:*'] })
  }
} else {
  const outfile = 'dist/mcp-oauth-proxy.mjs'
  const entryPoints = ['src/main.ts']
  // The second line tells Bun that there is nothing left to transpile, as its own bundler does.
  const banner = { js: '#!/usr/bin/env node\n// @bun' }
  await build({
    ...common,
    entryPoints,
    outfile,
    banner,
    external: ['node:*'],
    minify: true,
    // It ships beside the program; named in it, Deno would read it at each start.
    sourcemap: process.env['LINK_SOURCE_MAP'] === undefined ? 'external' : true,
  })
  chmodSync(outfile, 0o755)
  const size = readFileSync(outfile).length
  console.log(`${outfile}: ${size} bytes, budget ${BUDGET}`)
  await writeJsonSchema('dist/config.schema.json')
  if (size > BUDGET) throw new Error('Cannot ship bundle: it is over budget')
}

/** Writes the schema of the configuration for editors, made from the one that checks it. */
async function writeJsonSchema(outfile) {
  const contents = "export * from './schema.ts'; export * from './server-schema.ts'"
  const stdin = { contents, resolveDir: 'src/config' }
  const { outputFiles } = await build({ ...common, stdin, write: false, sourcemap: false })
  const source = Buffer.from(outputFiles[0].contents).toString('base64')
  const { ConfigFile, ServerEntry } = await import(`data:text/javascript;base64,${source}`)
  const options = { typeMode: 'input', errorMode: 'ignore' }
  const schema = toJsonSchema(ConfigFile, options)
  schema.title = 'mcp-oauth-proxy configuration'
  schema.properties.mcp_servers.additionalProperties = toJsonSchema(ServerEntry, options)
  writeFileSync(outfile, `${JSON.stringify(schema, null, 2)}\n`)
}
