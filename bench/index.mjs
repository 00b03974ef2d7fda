// The figures of README.md and bench/README.md.
//   npm run bench -- [--parts gateway,documents,start,streams,soak] [--only node,node-newest,bun,deno]
import { parseArgs } from 'node:util'
import { benchDocuments } from './documents.mjs'
import { benchGateway } from './gateway.mjs'
import { cleanUp, requireTools, runtimes } from './lab.mjs'
import { benchSoak } from './soak.mjs'
import { benchStart } from './start.mjs'
import { benchStreams } from './streams.mjs'

const PARTS = {
  gateway: benchGateway,
  documents: benchDocuments,
  start: benchStart,
  streams: benchStreams,
  soak: benchSoak,
}

const { values } = parseArgs({ options: { parts: { type: 'string' }, only: { type: 'string' } } })
const parts = values.parts?.split(',') ?? Object.keys(PARTS)

try {
  requireTools('nginx', 'wrk', 'taskset')
  for (const part of parts) {
    const bench = PARTS[part]
    if (bench === undefined) throw new Error(`Cannot measure ${part}: want ${Object.keys(PARTS)}`)
    await bench(runtimes(values.only?.split(',')))
  }
} finally {
  cleanUp()
}
process.exit(0)
