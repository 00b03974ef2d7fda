import { html, raw } from 'hono/html'
import { createRandomString } from '../sealing/base64url.ts'

type Markup = ReturnType<typeof html>

/** A page for people: never framed, never cached, no script, no foreign resource. */
export async function respondWithPage(
  page: { readonly title: string; readonly content: Markup },
  init: { readonly status: number; readonly headers?: Headers },
): Promise<Response> {
  const nonce = createRandomString(16)
  const headers = new Headers(init.headers)
  headers.set('Content-Type', 'text/html; charset=utf-8')
  headers.set('Cache-Control', 'no-store')
  headers.set('Referrer-Policy', 'no-referrer')
  headers.set('X-Content-Type-Options', 'nosniff')
  headers.set('X-Frame-Options', 'DENY')
  // No form-action: Chromium holds it against the whole redirect chain after the form (THREATS F7).
  headers.set(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'nonce-${nonce}'; frame-ancestors 'none'; base-uri 'none'`,
  )
  const body = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title}</title>
        <style nonce="${nonce}">
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <main>${page.content}</main>
      </body>
    </html>`
  return new Response(body.toString(), { status: init.status, headers })
}

const STYLE = `
:root { --ink: #1b1f24; --soft: #5b6470; --line: #d9dee4; --paper: #fff; --ground: #f4f6f8; --go: #1f5fd0; --warn: #8a4b00 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa5b1; --line: #333c46; --paper: #1a2027; --ground: #11161b; --go: #5b94f5; --warn: #f0b35a }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 30rem; padding: 28px; background: var(--paper); border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere }
h1 { margin: 0 0 12px; font-size: 1.3rem; line-height: 1.3 }
p { margin: 0 0 12px }
dl { margin: 16px 0; padding: 12px 0; border: solid var(--line); border-width: 1px 0 }
dt { color: var(--soft); font-size: .85rem }
dd { margin: 0 0 10px; font-weight: 600 }
dd.host { font-size: 1.15rem }
small, .soft { color: var(--soft); font-weight: 400 }
.warn { color: var(--warn) }
form { display: flex; flex-wrap: wrap; gap: 12px; margin-top: 20px }
button { flex: 1 1 8rem; padding: 10px 16px; font: inherit; font-weight: 600; border-radius: 8px; border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer }
a.go { display: block; padding: 10px 16px; border-radius: 8px; font-weight: 600; text-align: center; text-decoration: none }
a.go, button.go { background: var(--go); border-color: var(--go); color: var(--paper) }
a:focus-visible, button:focus-visible { outline: 3px solid var(--go); outline-offset: 2px }
`
