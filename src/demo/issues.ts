import * as v from 'valibot'

/** Names the parameter of an issue, and not its value, which may be a secret. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  return `Missing or unusable parameter: ${v.getDotPath(issue) ?? 'none was sent'}`
}
