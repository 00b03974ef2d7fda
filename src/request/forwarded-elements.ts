/** One hop of a `Forwarded` header: its parameters by lower-case name. */
export type ForwardedElement = ReadonlyMap<string, string>

/** The elements of a `Forwarded` header (RFC 7239 §4), or undefined when any of it is malformed. */
export function parseForwardedElements(header: string): ForwardedElement[] | undefined {
  const texts = splitQuoted(header, ',')
  if (texts === undefined) return undefined
  const elements: ForwardedElement[] = []
  for (const text of texts) {
    const element = parseElement(text)
    if (element === undefined) return undefined
    elements.push(element)
  }
  return elements
}

function parseElement(text: string): ForwardedElement | undefined {
  const pairs = splitQuoted(text, ';')
  if (pairs === undefined) return undefined
  const element = new Map<string, string>()
  for (const pair of pairs) {
    const [, name, quoted, token] = PAIR.exec(pair.trim()) ?? []
    if (name === undefined || element.has(name.toLowerCase())) return undefined
    element.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token ?? '')
  }
  return element
}

const PAIR = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))$/

/** Splits at a separator outside quoted strings; undefined when a quote stays open. */
function splitQuoted(text: string, separator: ',' | ';'): string[] | undefined {
  const parts: string[] = []
  let quoted = false
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') quoted = !quoted
    if (character === '\\' && quoted) at++
    if (character !== separator || quoted) continue
    parts.push(text.slice(start, at))
    start = at + 1
  }
  return quoted ? undefined : [...parts, text.slice(start)]
}
