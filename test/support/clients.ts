import type { FetchPublic, PublicDocument } from '../../src/http/public-fetch.ts'
import { createFakeProvider } from './fake-provider.ts'
import { authorizeQuery } from './flow.ts'
import { oauthServer, startProxy, type TestProxy } from './proxy.ts'

/** The client id of an app that describes itself. */
export const CIMD = 'https://app.example/client.json'
/** Where it wants its codes. */
export const CALLBACK = 'https://app.example/cb'
/** Its description. */
export const DOCUMENT = {
  client_id: CIMD,
  client_name: 'The App',
  redirect_uris: [CALLBACK, 'http://localhost/cb'],
}

/** A document as it comes from the internet. */
export function documentOf(content: unknown, maxAge?: number): PublicDocument {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return { kind: 'fetched', text, contentType: 'application/json', maxAge }
}

/** A public internet of these documents; counts what is asked of it. */
function internetOf(documents: Readonly<Record<string, PublicDocument>>) {
  const asked: string[] = []
  const fetchPublic: FetchPublic = async (url) => {
    asked.push(url)
    return documents[url] ?? { kind: 'failed', cause: 'unreachable' }
  }
  return { asked, fetchPublic }
}

/** A proxy with a public internet of these documents. */
export async function startWithInternet(options: {
  documents?: Readonly<Record<string, PublicDocument>>
  config?: Parameters<typeof startProxy>[0]['config']
}) {
  const { asked, fetchPublic } = internetOf(options.documents ?? {})
  const provider = createFakeProvider()
  const proxy = await startProxy({
    servers: [oauthServer('gh')],
    fetch: provider.fetch,
    fetchPublic,
    config: options.config ?? {},
  })
  return { proxy, provider, asked }
}

/** Asks to be authorized at `gh`. */
export function authorize(proxy: TestProxy, query: Record<string, string>): Promise<Response> {
  return proxy.fetch(`/gh/authorize?${authorizeQuery(query)}`)
}

/** Registers at `gh`. */
export function register(proxy: TestProxy, metadata: unknown): Promise<Response> {
  return proxy.fetch('/gh/register', { method: 'POST', body: JSON.stringify(metadata) })
}
