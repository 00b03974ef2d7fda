import { parse, serialize } from 'hono/utils/cookie'
import type { PublicBase } from '../request/public-base.ts'

/** The kinds of cookies: one for each flow, and one for each approval that is remembered. */
export type CookieKind = 'flow' | 'consent' | 'approval'

const LIFETIMES = { flow: 600, consent: 600, approval: 30 * 24 * 3600 } as const // seconds
const MAX_COOKIES_OF_A_KIND = 8
const MAX_VALUE = 3_800 // characters; browsers keep 4,096 with name and attributes

/** Whether a value fits into a cookie. */
export function fitsIntoCookie(value: string): boolean {
  return value.length <= MAX_VALUE
}

/** The value of the flow cookie with this id, if the browser brought it. */
export function readCookie(request: Request, base: PublicBase, { kind, id }: CookieId) {
  return cookiesOf(request)[nameOf(base, kind, id)]
}

interface CookieId {
  readonly kind: CookieKind
  readonly id: string
}

/** Appends the cookie, and expires the oldest of its kind when there are too many (THREATS T22). */
export function setCookie(
  headers: Headers,
  { request, base }: { request: Request; base: PublicBase },
  cookie: CookieId & { readonly value: string },
): void {
  const prefix = nameOf(base, cookie.kind, '')
  // Browsers send the oldest first (RFC 6265 §5.4).
  const others = Object.keys(cookiesOf(request)).filter((name) => name.startsWith(prefix))
  for (const name of others.slice(0, Math.max(0, others.length - MAX_COOKIES_OF_A_KIND + 1))) {
    headers.append('Set-Cookie', serialize(name, '', { ...attributesOf(base), maxAge: 0 }))
  }
  const name = nameOf(base, cookie.kind, cookie.id)
  headers.append(
    'Set-Cookie',
    serialize(name, cookie.value, { ...attributesOf(base), maxAge: LIFETIMES[cookie.kind] }),
  )
}

/** Appends what makes the browser forget the cookie. */
export function deleteCookie(headers: Headers, base: PublicBase, { kind, id }: CookieId): void {
  const name = nameOf(base, kind, id)
  headers.append('Set-Cookie', serialize(name, '', { ...attributesOf(base), maxAge: 0 }))
}

function cookiesOf(request: Request): Record<string, string> {
  return parse(request.headers.get('cookie') ?? '')
}

/** `__Host-` keeps sibling hosts from planting the cookie; it needs https (RFC 6265bis §4.1.3.2). */
function nameOf({ origin }: PublicBase, kind: CookieKind, id: string): string {
  return `${origin.startsWith('https:') ? '__Host-' : ''}mop_${kind}_${id}`
}

function attributesOf({ origin }: PublicBase) {
  return {
    httpOnly: true,
    path: '/',
    sameSite: 'Lax',
    secure: origin.startsWith('https:'),
  } as const
}
