import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { KEY, load } from '../support/config.ts'

const ENV = {
  MCP_OAUTH_PROXY_SECRET: KEY,
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'secret',
  CLIENT_ID: 'id',
  CLIENT_SECRET: 'secret',
}

const FILES = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  .map((name) => `examples/${name.replaceAll('\\', '/')}`)
  .sort()

describe('the examples', () => {
  for (const file of FILES.filter((name) => /\/config\.yaml$/.test(name))) {
    it(`load from ${file}`, () => {
      const { notes } = load(readFileSync(file, 'utf8'), ENV)

      assert.deepEqual(notes, [])
    })
  }

  for (const file of FILES.filter((name) => /\.ya?ml$/.test(name))) {
    it(`are YAML in ${file}`, () => {
      const documents = parseAllDocuments(readFileSync(file, 'utf8'), { uniqueKeys: true })

      assert.ok(documents.length > 0)
      assert.deepEqual(
        [...documents].flatMap(({ errors, warnings }) => [...errors, ...warnings]),
        [],
      )
    })
  }

  // Whoever passes on a client's X-Forwarded-Host must not be believed (THREATS F1).
  for (const file of ['examples/cloudflared/config.yaml', 'examples/ngrok/config.yaml']) {
    it(`read no forwarded headers in ${file}`, () => {
      const { config } = load(readFileSync(file, 'utf8'), ENV)

      assert.notEqual(config.publicUrl, undefined)
      assert.deepEqual(config.allowedHosts, [])
    })
  }
})
