import { protectedResourceMetadataUrls } from '../oauth/well-known.ts'
import { parseProtectedResourceDocument } from '../oauth-client/documents.ts'
import { isHtml } from './causes.ts'
import {
  describeAnswer,
  type Examination,
  type FoundResource,
  failed,
  SDK_REFUSAL,
  unseen,
  well,
} from './examination.ts'
import { explainResource } from './mismatch.ts'
import type { Answer } from './probe.ts'
import { prefixOf, wellKnownRemedy } from './remedies.ts'
import type { Cause, Step, StepName } from './report.ts'
import { findSdkRefusal } from './sdk-schemas.ts'
import { isAskable, type Target } from './target.ts'

/** The resource's metadata, by the challenge and by the well-known URLs (RFC 9728 §3, §5.1). */
export async function findResourceMetadata(
  challenged: string | undefined,
  examination: Examination,
): Promise<FoundResource | undefined> {
  const { target, record } = examination
  const [inserted = '', root] = protectedResourceMetadataUrls(target.url)
  const named = challenged === inserted ? undefined : challenged
  const first = named === undefined ? undefined : await findNamed(named, examination)
  const second = await findInserted(inserted, { challenged, ...examination })
  const found =
    first ?? second ?? (await findAnywhere([root, ...appendedUrls(target)], examination))
  if (found !== undefined) record(describeResource(found, target))
  return found
}

/** What stands behind the path, and behind each part of it that may be a front end's prefix. */
function appendedUrls({ origin, path }: Target): readonly string[] {
  const segments = path.split('/').slice(1)
  return segments
    .map((_, count) => {
      const prefix = segments.slice(0, count + 1).map((segment) => `/${segment}`)
      const rest = segments.slice(count + 1).map((segment) => `/${segment}`)
      return `${origin}${prefix.join('')}/.well-known/oauth-protected-resource${rest.join('')}`
    })
    .toReversed()
}

async function findNamed(url: string, { target, get, record }: Examination) {
  const name = 'resource metadata, by the challenge'
  if (!isAskable(url, target)) {
    record(unseen(name, `not asked: ${url}`))
    return undefined
  }
  const answer = await get(url)
  const found = toResource(url, answer)
  record(found === undefined ? describeMissing(name, { url, answer, target }) : well(name, url))
  return found
}

async function findInserted(
  url: string,
  { target, get, record, challenged }: Examination & { readonly challenged: string | undefined },
): Promise<FoundResource | undefined> {
  const name = 'resource metadata, inserted'
  const answer = await get(url)
  const found = toResource(url, answer)
  if (found !== undefined) record(well(name, url))
  // Before 2025-06-18 servers had none; without a challenge that names it nothing is broken.
  else if (challenged === undefined && !isHtmlPage(answer)) {
    record(unseen(name, `${url}: ${describeAnswer(answer)}`))
  } else record(describeMissing(name, { url, answer, target }))
  return found
}

function isHtmlPage(answer: Answer): boolean {
  return answer.kind === 'answered' && isHtml(answer.headers)
}

/** A step for a document that is not where it belongs. */
export function describeMissing(
  name: StepName,
  {
    url,
    answer,
    target,
  }: { readonly url: string; readonly answer: Answer; readonly target: Target },
): Step {
  const cause = isHttpForHttps(url, target) ? HTTP_FOR_HTTPS : causeOfMissing(answer, target)
  return failed(name, `${url}: ${describeAnswer(answer)}`, cause)
}

/** What names such a URL was told before, with what mends it; a route would not. */
const HTTP_FOR_HTTPS: Cause = {
  cause: 'http for https: nothing is to be expected at this URL',
  remedy: [],
}

function isHttpForHttps(url: string, target: Target): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && hostname === target.hostname && target.url.startsWith('https:')
}

function causeOfMissing(answer: Answer, target: Target): Cause {
  const remedy = wellKnownRemedy(prefixOf(target))
  if (answer.kind === 'failed') return { cause: 'the front end does not answer here', remedy }
  const { status, headers, text, isCut } = answer
  if (isCut) return { cause: 'the document is too long, or never ends', remedy: [] }
  // Caddy answers 200 and nothing where it has no route.
  if (status === 200 && text !== '' && !isHtml(headers)) {
    return { cause: 'not the JSON that belongs here: clients stop at it', remedy: [] }
  }
  if (status >= 500) {
    return { cause: 'an error here ends the discovery of most clients (want 404 or 200)', remedy }
  }
  if (status === 404 && !isHtml(headers)) {
    return {
      cause:
        'missing route: the front end does not hand this on, or the server knows no such resource',
      remedy,
    }
  }
  return {
    cause: 'missing route: the front end answers by itself, and does not hand this on',
    remedy,
  }
}

async function findAnywhere(urls: readonly (string | undefined)[], examination: Examination) {
  const { get, record } = examination
  for (const url of urls) {
    const found = url === undefined ? undefined : toResource(url, await get(url))
    if (found === undefined) continue
    record(well('resource metadata, appended', found.url))
    return found
  }
  return undefined
}

/** The metadata that an answer holds. */
export function toResource(url: string, answer: Answer): FoundResource | undefined {
  if (answer.kind === 'failed' || answer.status !== 200 || answer.isCut) return undefined
  const document = parseProtectedResourceDocument(answer.text)
  const refusal = findSdkRefusal('resource', answer.text)
  return document === undefined ? undefined : { url, document, refusal }
}

function describeResource({ document, refusal }: FoundResource, target: Target): Step {
  const { resource } = document
  const cause = explainResource(resource, target)
  if (cause !== undefined) return failed('resource', `is ${resource}, not ${target.url}`, cause)
  if (refusal !== undefined) return failed('resource', refusal, SDK_REFUSAL)
  return well('resource', `is ${resource}, as typed`)
}
