import { html } from 'hono/html'
import { respondWithPage } from './page.ts'
import { toDisplayText } from './text.ts'

/** What can be said of the app: who it is by its callback, what it calls itself, or where it is. */
export type ClientView =
  | { readonly kind: 'known'; readonly name: string }
  | { readonly kind: 'claimed'; readonly name: string }
  /** Its metadata document stands at this host. */
  | { readonly kind: 'verified'; readonly name: string; readonly host: string }
  | { readonly kind: 'local' }
  | { readonly kind: 'unnamed' }

/** What makes a name or an address less worth than it looks. */
export type ConsentWarning = 'loopback-only' | 'unknown-host'

/** What the user must know before saying yes. */
export interface ConsentView {
  readonly serverName: string
  readonly serverUrl: string
  readonly client: ClientView
  readonly warning: ConsentWarning | undefined
  readonly redirectUri: string
  readonly scope: readonly string[]
  readonly action: string
  /** The sealed request, for the form to bring back. */
  readonly ticket: string
}

/** The consent page, shown before any contact with the provider. */
export function renderConsentPage(view: ConsentView, headers: Headers): Promise<Response> {
  const server = toDisplayText(view.serverName)
  const content = html`
    <h1>Let an app use ${server}?</h1>
    <p>
      An app wants to act for you on this server. Go on only if you have just started this from that
      app yourself.
    </p>
    <dl>
      <dt>Server</dt>
      <dd>${server} <small>${toDisplayText(view.serverUrl, 300)}</small></dd>
      <dt>App</dt>
      <dd>${describeClient(view.client)}</dd>
      <dt>Access will be handed to</dt>
      <dd class="host">${hostOf(view.redirectUri)}</dd>
      <dd class="soft">${toDisplayText(view.redirectUri, 300)}</dd>
      ${
        view.scope.length === 0
          ? ''
          : html`<dt>Permissions</dt>
              <dd>${toDisplayText(view.scope.join(', '), 500)}</dd>`
      }
    </dl>
    ${view.warning === undefined ? '' : html`<p class="warn">${WARNINGS[view.warning]}</p>`}
    <form method="post" action="${view.action}">
      <input type="hidden" name="ticket" value="${view.ticket}" />
      <button class="go" name="decision" value="approve">Allow</button>
      <button name="decision" value="deny">Deny</button>
    </form>
  `
  return respondWithPage({ title: `Let an app use ${server}?`, content }, { status: 200, headers })
}

const WARNINGS: Readonly<Record<ConsentWarning, string>> = {
  'loopback-only':
    'The app runs on your computer, where any program can pose as it. Go on only if you have just started it.',
  'unknown-host':
    'Nobody here knows the address that access will be handed to. Deny unless you are sure that it is your app’s.',
}

function describeClient(client: ClientView): string {
  switch (client.kind) {
    case 'known':
      return client.name
    case 'claimed':
      return `calls itself “${toDisplayText(client.name)}”`
    case 'verified':
      return `${toDisplayText(client.name)}, published at ${client.host}`
    case 'local':
      return 'An app on this computer'
    case 'unnamed':
      return 'An app that gave no name'
  }
}

/** The host that the code goes to, in ASCII; for a private-use scheme the scheme itself. */
function hostOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `${url.protocol}//${url.host}`
  return url.host
}
