import { open } from '../grant.ts'
import { OAuthError } from '../oauth/error.ts'
import { isOAuthServer, type OAuthServer, type Registry } from '../registry.ts'
import type { Endpoint, Exchange } from '../request/exchange.ts'
import { readForm } from '../request/oauth-body.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Store } from '../store/store.ts'
import type { Approvals } from './approval.ts'
import { deleteCookie, readCookie } from './cookies.ts'
import { answerClient, createErrorAnswer } from './redirect.ts'
import type { StartFlow } from './start-flow.ts'

interface Dependencies {
  readonly registry: Registry
  readonly sealer: Sealer
  readonly store: Store
  readonly startFlow: StartFlow
  readonly approvals: Approvals
}

/** `POST …/consent`: the user's decision, good once and only in the browser that was asked. */
export function createConsentEndpoint(deps: Dependencies): Endpoint {
  return async (exchange) => {
    checkOrigin(exchange)
    const form = await readForm(exchange.request)
    const { request, csrf, server } = await openTicket(deps, exchange, form.get('ticket'))
    const headers = new Headers()
    deleteCookie(headers, exchange.base, { kind: 'consent', id: csrf })
    if (form.get('decision') === 'approve') {
      await deps.approvals.remember(headers, exchange, { server, request })
      return startOrTell(deps, { exchange, server, request, headers })
    }
    const denied = { code: 'access_denied', description: 'The user said no' } as const
    return answerClient(createErrorAnswer(request, denied), 303, headers)
  }
}

/** On to the provider; why that can not be goes back to the client (RFC 6749 §4.1.2.1). */
async function startOrTell(
  { startFlow }: Dependencies,
  flow: Omit<Parameters<StartFlow>[0], 'status'> & { readonly headers: Headers },
): Promise<Response> {
  try {
    return await startFlow({ ...flow, status: 303 })
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const { code, message: description } = error
    return answerClient(createErrorAnswer(flow.request, { code, description }), 303, flow.headers)
  }
}

/** A browser names the page that sent the form; a page of somebody else must not (THREATS T4). */
function checkOrigin({ request, base }: Exchange): void {
  const origin = request.headers.get('origin')
  // `null` is what browsers send for our own page, since its referrer policy is no-referrer.
  if (origin === null || origin === 'null' || origin === base.origin) return
  throw staleForm()
}

async function openTicket(deps: Dependencies, exchange: Exchange, ticket: string | undefined) {
  const opened = await open(deps.sealer, 'consent', ticket ?? '')
  if (opened === undefined) throw staleForm()
  const { request, csrf } = opened.grant
  const server = findServer(deps.registry, opened.seal.aud, exchange.serverName)
  const isBound = readCookie(exchange.request, exchange.base, { kind: 'consent', id: csrf })
  if (server === undefined || isBound === undefined) throw staleForm()
  const remaining = 600
  if (!(await deps.store.claim(`consent:${opened.seal.jti}`, remaining))) throw staleForm()
  return { request, csrf, server }
}

function findServer(
  registry: Registry,
  audience: string,
  pathName: string | undefined,
): OAuthServer | undefined {
  const server = registry.findByName(audience)
  if (pathName !== undefined && registry.findByName(pathName) !== server) return undefined
  return server !== undefined && isOAuthServer(server) ? server : undefined
}

function staleForm(): OAuthError {
  return new OAuthError(
    'access_denied',
    'This form is used up, too old or from another browser: start again from your app',
  )
}
