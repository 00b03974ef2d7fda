/** A text with its environment variables filled in, and those that were not set. */
export interface Interpolated {
  readonly text: string
  readonly missing: readonly string[]
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g
const LITELLM_VARIABLE = /^os\.environ\/([A-Za-z_][A-Za-z0-9_]*)$/

/** Fills in `${NAME}`, `${NAME:-default}` and `os.environ/NAME`, once: values are not read again. */
export function interpolate(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Interpolated {
  const missing: string[] = []
  const read = (name: string, otherwise: string | undefined) => {
    const value = (Object.hasOwn(env, name) ? env[name] : undefined) ?? otherwise
    if (value === undefined) missing.push(name)
    return value ?? ''
  }
  const [, whole] = LITELLM_VARIABLE.exec(text) ?? []
  if (whole !== undefined) return { text: read(whole, undefined), missing }
  // Behind the last brace nothing can match, and looking there from each ${ takes quadratic time.
  const end = text.lastIndexOf('}') + 1
  const filled = text
    .slice(0, end)
    .replace(VARIABLE, (_all, name: string, otherwise: string | undefined) => read(name, otherwise))
  return { text: filled + text.slice(end), missing }
}
