import type { ReadSecret } from './entry.ts'
import type { Mistake, Path } from './mistake.ts'
import { isLongEnough } from './values.ts'

/** The keys that the file lists and those in the file that it names, one a line; mistakes are noted. */
export function readSecretKeys(
  listed: readonly string[],
  file: string | undefined,
  { readSecret, mistakes }: { readonly readSecret: ReadSecret; readonly mistakes: Mistake[] },
): readonly string[] {
  const text = file === undefined ? '' : (readSecret(['secret_keys_file'], file) ?? '')
  const inFile = text.split(/\r?\n/).filter((line) => line !== '')
  const keys = [...listed, ...inFile]
  for (const [at, key] of keys.entries()) {
    const path: Path = at < listed.length ? ['secret_keys', at] : ['secret_keys_file']
    // Those of the list were measured by the schema.
    if (at >= listed.length && !isLongEnough(key)) {
      mistakes.push({ path, message: 'Too short: want at least 32 bytes in each line' })
    }
    if (keys.indexOf(key) < at) mistakes.push({ path, message: 'Duplicate key: want each once' })
  }
  return keys
}
