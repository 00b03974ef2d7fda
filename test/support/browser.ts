/** A page or redirect that the browser went through. */
export interface Step {
  readonly url: string
  readonly status: number
  readonly title: string | undefined
}

/** A browser without script: keeps cookies, follows redirects, sends forms. */
export interface Browser {
  /** Goes on from a URL, filling in forms, until it is sent to where `isGoal` holds. */
  visit(url: string, isGoal: (url: URL) => boolean): Promise<URL>
  readonly steps: readonly Step[]
}

const MAX_STEPS = 20

/** A fresh browser, which signs in as this user and answers consent pages with yes. */
export function createBrowser({
  user = 'ada',
  fetch = globalThis.fetch,
}: {
  readonly user?: string
  readonly fetch?: typeof globalThis.fetch
} = {}): Browser {
  const jar = new Map<string, Map<string, string>>()
  const steps: Step[] = []

  async function load(url: URL, init: RequestInit): Promise<Response> {
    const cookies = jar.get(url.host) ?? new Map<string, string>()
    jar.set(url.host, cookies)
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '' || /max-age=0/i.test(cookie)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  return {
    steps,
    async visit(start, isGoal) {
      let next: Next = { url: new URL(start), init: {} }
      for (let count = 0; count < MAX_STEPS; count++) {
        if (isGoal(next.url)) return next.url
        const response = await load(next.url, next.init)
        const html = await response.text()
        const title = /<title>([^<]*)/.exec(html)?.[1]
        steps.push({ url: next.url.href, status: response.status, title })
        next = goOn({ url: next.url, response, html, user })
      }
      throw new Error('Went round in circles')
    },
  }
}

interface Next {
  readonly url: URL
  readonly init: RequestInit
}

/** Where a response leads: its Location, or what its form is sent to. */
function goOn(at: { url: URL; response: Response; html: string; user: string }): Next {
  const location = at.response.headers.get('location')
  if (location !== null) return { url: new URL(location, at.url), init: {} }
  const form = formOf(at.html, at.user)
  if (form === undefined) {
    const { origin, pathname } = at.url
    throw new Error(`Stuck at ${origin}${pathname}, ${at.response.status}: ${textOf(at.html)}`)
  }
  return { url: new URL(form.action, at.url), init: { method: 'POST', body: form.body } }
}

interface Form {
  readonly action: string
  readonly body: URLSearchParams
}

/** The first form of a page, its fields filled in and its first button pressed. */
function formOf(html: string, user: string): Form | undefined {
  const [, attributes = '', content = ''] = /<form([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? []
  if (attributes === '') return undefined
  const inputs = [...content.matchAll(/<input[^>]*>/gi)].map(([tag]) => tag)
  const [button = ''] = /<button[^>]*>/i.exec(content) ?? []
  const body = new URLSearchParams()
  for (const tag of [...inputs, button]) {
    const name = attributeOf(tag, 'name')
    if (name !== undefined) body.set(name, contentOf(tag, user))
  }
  return { action: attributeOf(attributes, 'action') ?? '', body }
}

/** Fields that a person fills in get the user's name. */
function contentOf(tag: string, user: string): string {
  const isFixed = tag.startsWith('<button') || attributeOf(tag, 'type') === 'hidden'
  return isFixed ? (attributeOf(tag, 'value') ?? '') : user
}

function attributeOf(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1]
  return value?.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

function textOf(html: string): string {
  return html
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .slice(0, 300)
}
