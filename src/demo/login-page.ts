import { html } from 'hono/html'

/** The form that signs a newcomer in under any name. */
export function formatLoginPage(transaction: string) {
  return formatPage(
    'Demo sign-in',
    html`<p>This provider is a demo on your own machine. It asks for no password: pick a name.</p>
<form method="post" action="/login">
<input type="hidden" name="transaction" value="${transaction}">
<label for="name">Name</label>
<input id="name" name="name" value="Ada" maxlength="64" required autofocus autocomplete="off">
<div class="buttons">
<button name="action" value="sign-in">Sign in</button>
<button name="action" value="cancel" class="quiet" formnovalidate>Cancel</button>
</div>
</form>`,
  )
}

/** A page for a request that cannot be sent back to its client. */
export function formatErrorPage(message: string) {
  return formatPage(
    'Cannot sign in',
    html`<p role="alert">${message}.</p><p>Go back to your client and start again.</p>`,
  )
}

/** Headers of every page: nothing is loaded, run or framed. */
export const PAGE_HEADERS = {
  'Cache-Control': 'no-store',
  // No form-action: browsers apply it to the redirect that follows the form, too.
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  // Not no-referrer: that makes browsers send `Origin: null` with the form.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
}

function formatPage(title: string, content: ReturnType<typeof html>) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${STYLE}
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>`
}

const STYLE = html`<style>
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1b1f24; --soft: #59636e;
  --line: #d1d9e0; --accent: #2456d6; --on-accent: #fff }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1318; --card: #181d24; --text: #e8ebef; --soft: #9aa5b1;
    --line: #38414c; --accent: #86a9ff; --on-accent: #0c1630 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 24rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25 }
p { margin: 0 0 1.25rem; color: var(--soft); overflow-wrap: anywhere }
p:last-child { margin: 0 }
label { display: block; margin-bottom: .375rem; font-weight: 600 }
input, button { font: inherit; color: inherit; padding: .5rem .875rem; border-radius: 8px;
  border: 1px solid var(--line); background: var(--card) }
input { width: 100% }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.buttons { display: flex; gap: .75rem; margin-top: 1.25rem }
button { flex: 1; font-weight: 600; cursor: pointer; background: var(--accent);
  border-color: var(--accent); color: var(--on-accent) }
button:hover { filter: brightness(1.08) }
.quiet { background: none; border-color: var(--line); color: inherit }
</style>`
