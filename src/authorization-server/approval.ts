import type { Config } from '../config/config.ts'
import { type AuthorizationRequest, issue, open } from '../grant.ts'
import type { OAuthServer } from '../registry.ts'
import type { Exchange } from '../request/exchange.ts'
import { digestOf } from '../sealing/digest.ts'
import type { Sealer } from '../sealing/sealer.ts'
import { readCookie, setCookie } from './cookies.ts'

const LIFETIME = 30 * 24 * 3600 // seconds

/** What exactly was approved: nothing wider is (THREATS T3). */
interface Approved {
  readonly server: OAuthServer
  readonly request: AuthorizationRequest
}

/** The approvals that a browser remembers, where the configuration lets it. */
export interface Approvals {
  /** Whether this user approved this very thing in this browser. */
  has(exchange: Exchange, approved: Approved): Promise<boolean>
  /** Appends what makes the browser remember it. */
  remember(headers: Headers, exchange: Exchange, approved: Approved): Promise<void>
}

/** Approvals as sealed cookies, one each; under `consent: always` there are none. */
export function createApprovals(sealer: Sealer, consent: Config['consent']): Approvals {
  if (consent !== 'remember') return { has: async () => false, remember: async () => undefined }
  return {
    async has({ request, base }, approved) {
      const subject = await subjectOf(approved)
      const cookie = readCookie(request, base, { kind: 'approval', id: idOf(subject) })
      const opened = await open(sealer, 'approval', cookie ?? '')
      return opened?.seal.aud === approved.server.name && opened.grant.subject === subject
    },
    async remember(headers, exchange, approved) {
      const subject = await subjectOf(approved)
      const server = approved.server.name
      const value = await issue(sealer, 'approval', {
        server,
        lifetime: LIFETIME,
        grant: { subject },
      })
      setCookie(headers, exchange, { kind: 'approval', id: idOf(subject), value })
    },
  }
}

function subjectOf({ server, request }: Approved): Promise<string> {
  const { clientId, redirectUri, scope } = request
  return digestOf(JSON.stringify([server.name, clientId, redirectUri, scope.toSorted()]))
}

function idOf(subject: string): string {
  return subject.slice(0, 16)
}
