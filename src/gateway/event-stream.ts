const MAX_FIRST_EVENT = 8_192 // characters

/** Gives the public URL for the one that an upstream names, or undefined to refuse it. */
export type RewriteEndpoint = (endpoint: string) => Promise<string | undefined>

/** Chunks on their way to whoever listens. */
export interface ChunkFilter {
  /** What goes on in place of a chunk; rejects where the stream must end. In order, one after the other. */
  pass(chunk: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** What is left when there is no more to come. */
  flush(): Uint8Array
}

/**
 * Rewrites the `endpoint` event that opens a legacy HTTP+SSE stream (MCP 2024-11-05), wherever its
 * bytes are split; all other bytes pass as they are. A refused endpoint ends the stream.
 */
export function createEndpointRewriter(rewrite: RewriteEndpoint): ChunkFilter {
  let pending = ''
  let isSettled = false

  const settle = async (text: string): Promise<string> => {
    const end = BLANK_LINE.exec(text)
    if (end === null) return settleLong(text)
    const block = text.slice(0, end.index + end[0].length)
    const rest = text.slice(block.length)
    // Comments and retry times may come first; the first event decides.
    if (isNoEvent(block)) return `${block}${rest === '' ? '' : await settle(rest)}`
    isSettled = true
    return `${await rewriteBlock(block, rewrite)}${rest}`
  }

  const settleLong = (text: string): string => {
    isSettled = text.length > MAX_FIRST_EVENT
    if (isSettled && isEndpoint(text)) throw new Error('Refused an endpoint of more than 8 KiB')
    return isSettled ? text : ''
  }

  const passUnsettled = async (chunk: Uint8Array): Promise<Uint8Array> => {
    pending += toBinary(chunk)
    const ready = await settle(pending)
    if (ready === '') return NOTHING
    pending = isSettled ? '' : pending.slice(ready.length)
    return fromBinary(ready)
  }

  return {
    pass: (chunk) => (isSettled ? chunk : passUnsettled(chunk)),
    // An event that does not end is none; an endpoint must not become one by a lenient reader.
    flush: () => (isEndpoint(pending) ? NOTHING : fromBinary(pending)),
  }
}

const NOTHING = new Uint8Array()
/** Two ends of lines, of whichever kind each is; a CR may still be half of one, unless all are CR. */
const BLANK_LINE = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!$))|\r\r/
const BYTE_ORDER_MARK = /^\xEF\xBB\xBF/

/** One character for each byte, so that characters split over chunks survive. */
function toBinary(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

function fromBinary(binary: string): Uint8Array {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** A block without data dispatches nothing (HTML Living Standard, server-sent events). */
function isNoEvent(block: string): boolean {
  return !linesOf(block).some((line) => /^data(?::|$)/.test(line))
}

function isEndpoint(block: string): boolean {
  return linesOf(block).some((line) => /^event: ?endpoint$/.test(line))
}

/** The mark that a stream may begin with is not part of its first line. */
function linesOf(block: string): string[] {
  return block.replace(BYTE_ORDER_MARK, '').split(/\r\n|\n|\r/)
}

async function rewriteBlock(block: string, rewrite: RewriteEndpoint): Promise<string> {
  if (!isEndpoint(block)) return block
  const data = linesOf(block)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
  const url = await rewrite(data.join('\n'))
  if (url === undefined)
    throw new Error('Refused the endpoint that upstream named: it is on another origin')
  return `event: endpoint\ndata: ${url}\n\n`
}
