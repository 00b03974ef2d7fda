// node build.mjs          one file that runs on Node, Bun and Deno
// node build.mjs test     every test in one file, or: node build.mjs test test/oauth/pkce.test.ts
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'

const BUDGET = 1_300_000 // bytes

/** Resolves packages as the web would, so that none drags in Node-only code. */
const common = {
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2023',
  sourcemap: true,
}

if (process.argv[2] === 'test') {
  const all = readdirSync('test', { recursive: true }).map((name) => `test/${name}`)
  const named = process.argv.slice(3)
  const files = (named.length > 0 ? named : all).filter((name) => name.endsWith('.test.ts')).sort()
  if (files.length === 0) throw new Error('Cannot run tests: found no test file')
  const contents = files.map((name) => `import './${name}'`).join('\n')
  const stdin = { contents, resolveDir: '.' }
  await build({ ...common, stdin, outfile: 'dist/test.mjs', packages: 'external' })
} else {
  const outfile = 'dist/mcp-oauth-proxy.mjs'
  const entryPoints = ['src/main.ts']
  const banner = { js: '#!/usr/bin/env node' }
  await build({ ...common, entryPoints, outfile, banner, external: ['node:*'], minify: true })
  chmodSync(outfile, 0o755)
  const size = readFileSync(outfile).length
  console.log(`${outfile}: ${size} bytes, budget ${BUDGET}`)
  if (size > BUDGET) throw new Error('Cannot ship bundle: it is over budget')
}
