import assert from 'node:assert/strict'
import * as v from 'valibot'

const Members = v.record(v.string(), v.unknown())

/** The members of a JSON object that a response carries. */
export async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  return v.parse(Members, await response.json())
}

/** The member of a JSON object that must be a text. */
export async function textOf(response: Response, name: string): Promise<string> {
  return v.parse(v.string(), (await jsonOf(response))[name])
}

/** Status and error code of an OAuth error. */
export async function errorOf(response: Response): Promise<string> {
  return `${response.status} ${(await jsonOf(response))['error']}`
}

/** Asserts a page that shows an error and sends nobody anywhere. */
export async function assertErrorPage(
  response: Response,
  text = /Sign-in can’t go on/,
): Promise<void> {
  assert.match(await response.text(), text)
  assert.equal(response.status, 400)
  assert.equal(response.headers.get('location'), null)
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
}
