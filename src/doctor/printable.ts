const MAX_LENGTH = 200 // characters

/**
 * Text of a stranger as it may stand in a terminal: one line, no control sequences, no characters
 * that reorder or hide others, and only so long.
 */
export function toPrintable(text: string, maxLength = MAX_LENGTH): string {
  // Cut before the rest: what comes may be long.
  const line = text
    .slice(0, 8 * maxLength)
    .replace(ESCAPE_SEQUENCES, '')
    .replace(UNPRINTABLE, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length <= maxLength ? line : `${line.slice(0, maxLength).trimEnd()}…`
}

/** Control sequences and control strings, behind any control character but a line's end (ECMA-48 §5.4, §5.6). */
const ESCAPE_SEQUENCES = /[^\P{Cc}\s](?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\p{Cc}]*)/gu

/** Controls, formatting (which reorders and hides), lone surrogates, private use, line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

const MAX_PAGE = 65_536 // characters

/** What a person would read on an HTML page, or the text itself. */
export function toReadable(text: string): string {
  return toPrintable(withoutTags(text.slice(0, MAX_PAGE)))
}

/** The title of an HTML page, or nothing. */
export function toTitle(text: string): string {
  const at = text.slice(0, MAX_PAGE).search(/<title/i)
  const [, title = ''] = /^<title[^>]{0,200}>([^<]*)/i.exec(text.slice(at, at + 1000)) ?? []
  return at === -1 ? '' : toPrintable(title)
}

/** Reads each character once, whatever comes: a pattern would begin anew at each `<` of a hostile page. */
function withoutTags(html: string): string {
  const lower = html.toLowerCase()
  const headEnd = lower.lastIndexOf('</head>')
  const parts: string[] = []
  let at = 0
  for (let open = html.indexOf('<'); open !== -1; open = html.indexOf('<', at)) {
    const close = html.indexOf('>', open)
    if (close === -1) break
    parts.push(html.slice(at, open), ' ')
    const isHead = open < headEnd && lower.startsWith('<head>', open)
    at = isHead ? headEnd : endOf(lower, open, close)
  }
  return [...parts, html.slice(at)].join('')
}

/** Where the tag ends, or with a script or a style what nobody reads: to its end, or the page's, as in a browser. */
function endOf(lower: string, open: number, close: number): number {
  const [, name] = /^<(style|script)\b/.exec(lower.slice(open, open + 8)) ?? []
  if (name === undefined) return close + 1
  const end = lower.indexOf(`</${name}`, close)
  return end === -1 ? lower.length : end
}
