const MAX_LENGTH = 120 // characters

/** Foreign text made harmless to read: no control, bidi or zero-width characters, bounded. */
export function toDisplayText(text: string, maxLength = MAX_LENGTH): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, '').trim()
  const characters = [...plain]
  return characters.length <= maxLength ? plain : `${characters.slice(0, maxLength - 1).join('')}…`
}
