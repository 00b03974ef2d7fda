// What clients ask for before they have a token, as a ratio to a bare Hono "hello" on the same runtime.
import {
  bundle,
  end,
  LOAD_CORE,
  median,
  PROXY_CORE,
  row,
  run,
  startNginx,
  startProvider,
  startProxy,
  warmUp,
  wrk,
} from './lab.mjs'

const ROUNDS = 3

/** Prints a line for each runtime. */
export async function benchDocuments(runtimes) {
  const upstream = await startNginx('upstream', LOAD_CORE, (port) => `server { listen ${port}; }`)
  const provider = await startProvider()
  const hello = await bundleHello()
  console.log('\nDiscovery, as ratios to a bare Hono "hello" on the same runtime\n')
  console.log(row(['', 'hello/s', 'resource', 'issuer', 'challenge']))
  for (const runtime of runtimes) {
    const bare = await run(PROXY_CORE, runtime.command, [...runtime.args, hello], /port (\d+)/)
    const helloUrl = `http://127.0.0.1:${bare.match[1]}/`
    const proxy = await startProxy(runtime, { upstream: `http://127.0.0.1:${upstream}/mcp`, provider })
    const urls = [
      `${proxy.base}/.well-known/oauth-protected-resource/s/mcp`,
      `${proxy.base}/.well-known/oauth-authorization-server/s`,
      proxy.url,
    ]
    const get = (url, seconds = 2) => wrk(url, { seconds, script: 'get.lua' })
    for (const url of [helloUrl, ...urls]) warmUp(() => get(url, 3), 4)
    const rounds = Array.from({ length: ROUNDS }, () => {
      const { rate } = get(helloUrl)
      return { rate, ratios: urls.map((url) => get(url).rate / rate) }
    })
    const ratios = urls.map((_, at) => median(rounds.map((round) => round.ratios[at])).toFixed(2))
    console.log(row([runtime.name, median(rounds.map(({ rate }) => rate)).toFixed(0), ...ratios]))
    await end(bare.child)
    await end(proxy.child)
  }
}

/** Hono as its users run it, on the server that all three runtimes have. */
function bundleHello() {
  return bundle(
    'hello',
    `import { serve } from '@hono/node-server'
     import { Hono } from 'hono'
     const app = new Hono().all('*', ({ json }) => json({ hello: 'world' }))
     serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log('port ' + port))`,
  )
}
