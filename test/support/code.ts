import { createFakeProvider } from './fake-provider.ts'
import { obtainCode } from './flow.ts'
import { oauthServer, startProxy } from './proxy.ts'

/** A proxy and its provider, and a code for `gh`. */
export async function startWithCode(auth: Parameters<typeof oauthServer>[1] = {}) {
  const provider = createFakeProvider()
  const proxy = await startProxy({
    servers: [oauthServer('gh', auth), oauthServer('jira')],
    fetch: provider.fetch,
  })
  return { proxy, provider, code: (await obtainCode(proxy)).code }
}
