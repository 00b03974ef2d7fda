import type { AccessKey } from '../config/config.ts'
import { hasSha256, sha256Hex } from '../sealing/digest.ts'

/** Whether a bearer key is one of these; every one is looked at, in constant time each. */
export async function isAccessKey(text: string, keys: readonly AccessKey[]): Promise<boolean> {
  const verdicts = await Promise.all(
    keys.map(async ({ sha256, key }) => {
      const expected = sha256 ?? (key === undefined ? undefined : await sha256Hex(key))
      return expected !== undefined && hasSha256(text, expected)
    }),
  )
  return verdicts.includes(true)
}
