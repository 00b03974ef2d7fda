import type { FetchGuarded, GuardedRequest } from '../../src/http/guarded-fetch.ts'
import { isIpLiteral } from '../../src/http/public-address.ts'

/** What a URL answers with: 200 and JSON, unless it says otherwise. */
export interface Page {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A text as it is, all else as JSON. */
  readonly body?: unknown
}

/** A page, one that depends on what was asked, or nobody. */
export type Site = Page | 'unreachable' | ((request: GuardedRequest) => Page | Promise<Page>)

/** An internet of these pages, behind a guard as the real one has it. */
export interface Internet {
  readonly fetchGuarded: FetchGuarded
  /** The requests that reached somebody, `POST https://…`. */
  readonly asked: readonly string[]
  /** Those whose address was not allowed: nobody was connected to. */
  readonly refused: readonly string[]
  /** As `asked`, with all that was sent. */
  readonly requests: readonly GuardedRequest[]
  /** By URL; without one nobody answers. */
  readonly pages: Map<string, Site>
}

export const PUBLIC = '93.184.215.14'
export const LOOPBACK_ADDRESS = '127.0.0.1'

/** A fake internet; hosts without an address of their own are at the public one. */
export function createInternet(
  pages: Readonly<Record<string, Site>>,
  addresses: Readonly<Record<string, string>> = {},
): Internet {
  const state = { asked: [] as string[], refused: [] as string[], requests: [] as GuardedRequest[] }
  const sites = new Map(Object.entries(pages))
  const fetchGuarded: FetchGuarded = async (request, { isAllowed }) => {
    const { url, method } = request
    const address = addressOf(url, addresses)
    if (!isAllowed(address)) {
      state.refused.push(`${method} ${url}`)
      return { kind: 'failed', cause: 'an address that is not public' }
    }
    state.asked.push(`${method} ${url}`)
    state.requests.push(request)
    const site = sites.get(url) ?? 'unreachable'
    if (site === 'unreachable') return { kind: 'failed', cause: 'unreachable' }
    const { status = 200, headers, body = '' } = await pageOf(site, request)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return { kind: 'answered', status, headers: new Headers(headers), text, address }
  }
  return { ...state, pages: sites, fetchGuarded }
}

async function pageOf(site: Exclude<Site, 'unreachable'>, request: GuardedRequest): Promise<Page> {
  return typeof site === 'function' ? site(request) : site
}

function addressOf(url: string, addresses: Readonly<Record<string, string>>): string {
  const hostname = URL.canParse(url) ? new URL(url).hostname : ''
  if (isIpLiteral(hostname)) return hostname.replace(/^\[|\]$/g, '')
  return addresses[hostname] ?? PUBLIC
}
