/** Where something stands, from the start of the text. */
export type Path = readonly (string | number)[]

/** A mistake at a path, before line and column are looked up. */
export interface Mistake {
  readonly path: Path
  readonly message: string
  /** Where it is, if not where the path's own value stands. */
  readonly offset?: number
}

/** Where a path of ours stands in the file, given what stands elsewhere there. */
export function originOf(
  path: Path,
  moved: readonly { readonly to: Path; readonly from: Path }[],
): Path {
  const move = moved.find(({ to }) => to.every((key, depth) => String(path[depth]) === String(key)))
  return move === undefined ? path : [...move.from, ...path.slice(move.to.length)]
}

/** The keys right below a path that have a mistake in them. */
export function failedKeys(mistakes: readonly Mistake[], at: Path): ReadonlySet<string> {
  const below = mistakes.filter(({ path }) => at.every((key, depth) => path[depth] === key))
  return new Set(
    below.filter(({ path }) => path.length > at.length).map(({ path }) => String(path[at.length])),
  )
}
