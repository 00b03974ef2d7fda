import { html } from 'hono/html'
import { respondWithPage } from './page.ts'
import { toDisplayText } from './text.ts'

/** Hands a code to an app by its own scheme: browsers follow such links only when a person does. */
export function renderHandOverPage(location: string, headers: Headers): Promise<Response> {
  const scheme = location.slice(0, location.indexOf(':'))
  const content = html`
    <h1>Back to your app</h1>
    <p>Nothing more is to do here. Go on in the app that you started from.</p>
    <p><a class="go" href="${location}">Open ${toDisplayText(scheme, 40)}</a></p>
    <p class="soft">You can close this window afterwards.</p>
  `
  return respondWithPage({ title: 'Back to your app', content }, { status: 200, headers })
}
