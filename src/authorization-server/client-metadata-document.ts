import { LRUCache } from 'lru-cache'
import * as v from 'valibot'
import type { FetchPublic, PublicDocument } from '../http/public-fetch.ts'
import type { Log } from '../log.ts'
import { OAuthError } from '../oauth/error.ts'
import { isWellFormedRedirectUri } from '../oauth/redirect-uri.ts'

const LIMITS = { maxBytes: 5 * 1024, timeout: 5_000 }
const MIN_AGE = 60 // seconds
const DEFAULT_AGE = 300 // seconds
const MAX_AGE = 24 * 3600 // seconds
const STALE = 24 * 3600 // seconds
const KEPT_DOCUMENTS = 500
const FETCHES_AT_ONE_HOST = 2

const Methods = v.union([v.string(), v.array(v.string())])

/** A client's own description of itself (draft-ietf-oauth-client-id-metadata-document §4). */
const ClientDocument = v.pipe(
  v.looseObject({
    client_id: v.string(),
    client_name: v.optional(v.pipe(v.string(), v.maxLength(200))),
    redirect_uris: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(20)),
    token_endpoint_auth_method: v.optional(Methods),
    // ChatGPT's document lists several.
    token_endpoint_auth_methods: v.optional(Methods),
    jwks_uri: v.optional(v.string()),
    jwks: v.optional(v.looseObject({ keys: v.array(v.looseObject({})) })),
  }),
  v.check(
    (document) => !('client_secret' in document) && !('client_secret_expires_at' in document),
  ),
)
type ClientDocument = v.InferOutput<typeof ClientDocument>

/** What of a client's document concerns us. */
export interface DescribedClient {
  readonly name: string | undefined
  readonly redirectUris: readonly string[]
  /** Ways it may authenticate: `none`, `private_key_jwt`. */
  readonly methods: readonly string[]
  readonly jwks: { readonly keys: readonly object[] } | undefined
  readonly jwksUri: string | undefined
}

/** Gives what a client id URL describes; throws `invalid_client`, alike for every cause. */
export type ReadClientDocument = (url: string) => Promise<DescribedClient>

/** Whether a client id is the URL of a metadata document: one plain spelling, a name, a path (§3). */
export function isDocumentUrl(clientId: string): boolean {
  if (!/^https:\/\/[^/?#@\\]+\/[^#\\\s]+$/.test(clientId) || !URL.canParse(clientId)) return false
  const { href, hostname } = new URL(clientId)
  const isAddress = /^[\d.]+$|^\[/.test(hostname)
  return (
    href === clientId && !isAddress && hostname.includes('.') && !/%2e|%2f|%5c|%00/i.test(clientId)
  )
}

/** A reader of documents: cached within bounds, one fetch for a URL at a time, few for a host. */
export function createClientDocumentReader(deps: {
  readonly fetchPublic: FetchPublic
  readonly now: () => number
  readonly log: Log
}): ReadClientDocument {
  const kept = new LRUCache<string, { client: DescribedClient; until: number }>({
    max: KEPT_DOCUMENTS,
  })
  const running = new Map<string, Promise<DescribedClient>>()

  async function load(url: string): Promise<DescribedClient> {
    const document = await deps.fetchPublic(url, LIMITS)
    const client = document.kind === 'fetched' ? parse(url, document) : undefined
    if (document.kind === 'fetched' && client !== undefined) {
      const age = Math.min(MAX_AGE, Math.max(MIN_AGE, document.maxAge ?? DEFAULT_AGE))
      kept.set(url, { client, until: deps.now() + age * 1000 })
      return client
    }
    const cause = document.kind === 'failed' ? document.cause : 'not a client metadata document'
    deps.log('info', 'Refused client metadata document', { url, cause })
    if (document.kind === 'failed') return staleOrRefused(url)
    kept.delete(url)
    throw unusable()
  }

  /** A host that is down for a while has not changed its mind about its client. */
  function staleOrRefused(url: string): DescribedClient {
    const known = kept.get(url)
    if (known === undefined || deps.now() > known.until + STALE * 1000) throw unusable()
    return known.client
  }

  return async (url) => {
    const known = kept.get(url)
    if (known !== undefined && deps.now() < known.until) return known.client
    const waiting = running.get(url)
    if (waiting !== undefined) return waiting
    if (countAtHost(running.keys(), url) >= FETCHES_AT_ONE_HOST) return staleOrRefused(url)
    const loading = load(url).finally(() => running.delete(url))
    running.set(url, loading)
    return loading
  }
}

function countAtHost(urls: Iterable<string>, url: string): number {
  const { host } = new URL(url)
  return [...urls].filter((other) => new URL(other).host === host).length
}

/** No oracle: refused, unreachable, missing and malformed read the same (THREATS T49). */
function unusable(): OAuthError {
  return new OAuthError('invalid_client', "The client's metadata document can not be used")
}

type Fetched = Extract<PublicDocument, { kind: 'fetched' }>

function parse(url: string, { text, contentType }: Fetched): DescribedClient | undefined {
  // A page that anybody may write to is not a host's word, whatever it parses as.
  if (/^text\/html\b/i.test(contentType)) return undefined
  const parsed = v.safeParse(ClientDocument, parseJson(text))
  if (!parsed.success || parsed.output.client_id !== url) return undefined
  const document = parsed.output
  const redirectUris = document.redirect_uris.filter(isWellFormedRedirectUri)
  const methods = methodsOf(document)
  if (redirectUris.length === 0 || methods.length === 0) return undefined
  return {
    name: document.client_name,
    redirectUris,
    methods,
    jwks: document.jwks,
    jwksUri: document.jwks_uri,
  }
}

/** Shared secrets make no sense in public; what is left must be something that we can check. */
function methodsOf(document: ClientDocument): readonly string[] {
  const named = [
    document.token_endpoint_auth_method ?? [],
    document.token_endpoint_auth_methods ?? [],
  ].flat(2)
  const known = named.filter((method) => method === 'none' || method === 'private_key_jwt')
  return named.length === 0 ? ['none'] : [...new Set(known)]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
