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

/** What a person would read on an HTML page, or the text itself. */
export function toReadable(text: string): string {
  return toPrintable(
    text
      .slice(0, 65_536)
      .replace(/<(style|script|head)\b[^>]*>[\s\S]*?<\/\1>/gi, ' ')
      .replace(/<[^>]*>/g, ' '),
  )
}
