import type { FetchGuarded, GuardedAnswer } from '../../src/http/guarded-fetch.ts'
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
export function documentOf(content: unknown, maxAge?: number): GuardedAnswer {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const headers = new Headers({ 'content-type': 'application/json' })
  if (maxAge !== undefined) headers.set('cache-control', `max-age=${maxAge}`)
  return { kind: 'answered', status: 200, headers, text, address: '93.184.215.14' }
}

/** A public internet of these documents; counts what is asked of it. */
function internetOf(documents: Readonly<Record<string, GuardedAnswer>>) {
  const asked: string[] = []
  const fetchGuarded: FetchGuarded = async ({ url }) => {
    asked.push(url)
    return documents[url] ?? { kind: 'failed', cause: 'unreachable' }
  }
  return { asked, fetchGuarded }
}

/** A proxy with a public internet of these documents. */
export async function startWithInternet(options: {
  documents?: Readonly<Record<string, GuardedAnswer>>
  config?: Parameters<typeof startProxy>[0]['config']
}) {
  const { asked, fetchGuarded } = internetOf(options.documents ?? {})
  const provider = createFakeProvider()
  const proxy = await startProxy({
    servers: [oauthServer('gh')],
    fetch: provider.fetch,
    fetchGuarded,
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
