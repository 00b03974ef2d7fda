/** The known key that an unknown one was probably meant to be, if any comes close. */
export function findNearestKey(key: string, known: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(key.length / 3))
  const [best] = known
    .filter((candidate) => Math.abs(candidate.length - key.length) <= limit)
    .map((candidate) => ({ candidate, distance: editDistance(key, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((left, right) => left.distance - right.distance)
  return best?.candidate
}

/** Levenshtein distance, a row at a time. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (const [i, character] of [...left].entries()) {
    let diagonal = i
    const next = [i + 1]
    for (let j = 1; j <= right.length; j++) {
      const substituted = diagonal + (character === right[j - 1] ? 0 : 1)
      diagonal = row[j] ?? 0
      next.push(Math.min(substituted, diagonal + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
