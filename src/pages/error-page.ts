import { html } from 'hono/html'
import { respondWithPage } from './page.ts'
import { toDisplayText } from './text.ts'

/** An error page: the cause, what to do, and the id that stands in the log too. */
export function renderErrorPage(view: {
  readonly status: number
  readonly cause: string
  readonly remedy: string
  readonly requestId: string
  readonly headers?: Headers
}): Promise<Response> {
  const content = html`
    <h1>Sign-in can’t go on</h1>
    <p>${toDisplayText(view.cause, 400)}</p>
    <p>${toDisplayText(view.remedy, 400)}</p>
    <p><small>Request ${view.requestId}</small></p>
  `
  return respondWithPage({ title: 'Sign-in can’t go on', content }, view)
}
