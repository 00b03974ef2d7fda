import { parse, serialize } from 'hono/utils/cookie'
import type { PublicBase } from '../request/public-base.ts'

/** The kinds of cookies: one for each flow, and one for each approval that is remembered. */
export type CookieKind = 'flow' | 'consent' | 'approval'

const LIFETIMES = { flow: 600, consent: 600, approval: 30 * 24 * 3600 } as const // seconds
const MAX_COOKIES_OF_A_KIND = 8
const MAX_SIZE_OF_A_KIND = 10_240 // characters; servers refuse longer Cookie headers (THREATS T22)
const MAX_PART = 3_800 // characters; browsers keep 4,096 with name and attributes
const MAX_VALUE = 2 * MAX_PART

/** Whether a value fits into a cookie, or into one and its continuation. */
export function fitsIntoCookie(value: string): boolean {
  return value.length <= MAX_VALUE
}

/** The value of the flow cookie with this id, if the browser brought it. */
export function readCookie(request: Request, base: PublicBase, { kind, id }: CookieId) {
  const cookies = cookiesOf(request)
  const name = nameOf(base, kind, id)
  const first = cookies[name]
  return first === undefined ? undefined : `${first}${cookies[`${name}${CONTINUED}`] ?? ''}`
}

interface CookieId {
  readonly kind: CookieKind
  readonly id: string
}

/** What stands behind the name of a cookie's second part. */
const CONTINUED = '.2'

/** Appends the cookie, and expires the oldest of its kind when there are too many (THREATS T22). */
export function setCookie(
  headers: Headers,
  { request, base }: { request: Request; base: PublicBase },
  cookie: CookieId & { readonly value: string },
): void {
  const { value } = cookie
  const name = nameOf(base, cookie.kind, cookie.id)
  const others = cookiesOfKind(request, base, cookie.kind)
  for (const other of tooMany(others, value.length)) expire(headers, base, other)
  const options = { ...attributesOf(base), maxAge: LIFETIMES[cookie.kind] }
  headers.append('Set-Cookie', serialize(name, value.slice(0, MAX_PART), options))
  if (value.length <= MAX_PART) return
  headers.append('Set-Cookie', serialize(`${name}${CONTINUED}`, value.slice(MAX_PART), options))
}

type Cookies = readonly (readonly [name: string, value: string])[]

/** Those of one kind, the oldest first, as browsers send them (RFC 6265 §5.4). */
function cookiesOfKind(request: Request, base: PublicBase, kind: CookieKind): Cookies {
  const prefix = nameOf(base, kind, '')
  return Object.entries(cookiesOf(request)).filter(([name]) => name.startsWith(prefix))
}

/** The names that must go, so that number and size of what stays are within bounds. */
function tooMany(others: Cookies, added: number): readonly string[] {
  const staying = others.slice(Math.max(0, others.length - MAX_COOKIES_OF_A_KIND + 1))
  let size = staying.reduce((sum, [, value]) => sum + value.length, added)
  while (size > MAX_SIZE_OF_A_KIND && staying.length > 0) {
    const [, value = ''] = staying.shift() ?? []
    size -= value.length
  }
  return others.slice(0, others.length - staying.length).map(([name]) => name)
}

/** Appends what makes the browser forget the cookie. */
export function deleteCookie(headers: Headers, base: PublicBase, { kind, id }: CookieId): void {
  const name = nameOf(base, kind, id)
  expire(headers, base, name)
  expire(headers, base, `${name}${CONTINUED}`)
}

function expire(headers: Headers, base: PublicBase, name: string): void {
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
