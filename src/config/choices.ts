import * as v from 'valibot'
import { RedirectUriPattern } from './values.ts'

/** A choice; anything else is told what there is. */
export function oneOf<const T extends readonly string[]>(options: T) {
  return v.picklist(options, `want ${options.join(' or ')}`)
}

/** A choice of which there are more elsewhere; the rest is told so. */
export function only<const T extends readonly string[]>(options: T) {
  return v.picklist(options, `this proxy supports only ${listOf(options)}`)
}

function listOf(options: readonly string[]): string {
  return `${options.slice(0, -1).join(', ')}${options.length > 1 ? ' and ' : ''}${options.at(-1)}`
}

/** A list of redirect URIs and patterns of them. */
export const RedirectUris = v.optional(
  v.array(RedirectUriPattern, 'want a list of redirect URIs'),
  [],
)
