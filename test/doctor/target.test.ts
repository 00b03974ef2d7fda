import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTarget } from '../../src/doctor/target.ts'

describe('parseTarget', () => {
  for (const url of [
    'https://server.example.com/@scope/name/mcp',
    'https://mcp.example.com/mcp?user=a@b',
    'http://[::1]:4000/mcp',
  ]) {
    it(`takes ${url}`, () => assert.equal(parseTarget(url).kind, 'target'))
  }

  for (const [url, why] of [
    ['mcp.example.com/mcp', /missing https:\/\//],
    ['nonsense', /missing https:\/\//],
    ['https://user:secret@mcp.example.com/mcp', /without credentials/],
    ['https://mcp.example.com@evil.example/mcp', /without credentials/],
    ['https://mcp.example.com/mcp#part', /fragment/],
    ["https://mcp.example.com/'$(id)", /quotes/],
    ['http://mcp.example.com/mcp', /want https/],
  ] as const) {
    it(`says what is wrong with ${url}`, () => {
      const parsed = parseTarget(url)

      assert.match(parsed.kind === 'unusable' ? parsed.why : '', why)
    })
  }
})
