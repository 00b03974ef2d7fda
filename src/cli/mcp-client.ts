import { CLASSIC, createModernRequest, findResult, INITIALIZE, MODERN } from '../mcp-messages.ts'

const TIMEOUT = 15_000 // milliseconds
const MAX_ANSWER = 1_048_576 // characters

/** What came of asking an MCP server for its tools. */
export type ListedTools =
  | { readonly kind: 'listed'; readonly names: readonly string[] }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'failed'; readonly cause: string }

type Headers_ = Readonly<Record<string, string>>

/** Asks an MCP server for its tools, as any client does after its first handshake; never rejects. */
export async function listTools(url: string, credential: Headers_): Promise<ListedTools> {
  try {
    const greeted = await ask(url, { message: INITIALIZE, headers: credential })
    if (greeted.status === 401 || greeted.status === 403) {
      return { kind: 'refused', status: greeted.status }
    }
    // A server of the newest revision has no handshake (MCP 2026-07-28, earlier revisions).
    return greeted.status < 300
      ? await listInSession(url, { credential, session: greeted.session })
      : await listAtOnce(url, credential)
  } catch (error) {
    return { kind: 'failed', cause: causeOf(error) }
  }
}

function causeOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `no answer within ${TIMEOUT / 1000} s`
  }
  return error instanceof TypeError ? 'it can not be reached' : 'its answer is not MCP'
}

async function listInSession(
  url: string,
  { credential, session }: { readonly credential: Headers_; readonly session: string | null },
): Promise<ListedTools> {
  const headers = {
    ...credential,
    'mcp-protocol-version': CLASSIC,
    ...(session === null ? {} : { 'mcp-session-id': session }),
  }
  await ask(url, { message: { jsonrpc: '2.0', method: 'notifications/initialized' }, headers })
  const listed = toTools(
    await ask(url, { message: { jsonrpc: '2.0', id: 2, method: 'tools/list' }, headers }),
  )
  if (session !== null) {
    await fetch(url, { method: 'DELETE', headers, signal: AbortSignal.timeout(TIMEOUT) }).catch(
      () => undefined,
    )
  }
  return listed
}

async function listAtOnce(url: string, credential: Headers_): Promise<ListedTools> {
  const headers = {
    ...credential,
    'mcp-protocol-version': MODERN,
    'mcp-method': 'tools/list',
  }
  const message = createModernRequest('tools/list')
  return toTools(await ask(url, { message, headers }))
}

interface Answer {
  readonly status: number
  readonly session: string | null
  readonly text: string
}

async function ask(
  url: string,
  { message, headers }: { readonly message: object; readonly headers: Headers_ },
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      ...headers,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(TIMEOUT),
  })
  const session = response.headers.get('mcp-session-id')
  return { status: response.status, session, text: await readAnswer(response) }
}

/** The body up to its first whole answer: a stream of events may go on for ever. */
async function readAnswer({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (findResult(text) !== undefined || text.length > MAX_ANSWER) break
  }
  return text
}

function toTools({ status, text }: Answer): ListedTools {
  if (status === 401 || status === 403) return { kind: 'refused', status }
  if (status >= 300) return { kind: 'failed', cause: `status ${status}` }
  const tools = findResult(text)?.result?.tools
  if (tools === undefined) return { kind: 'failed', cause: 'its answer lists no tools' }
  return { kind: 'listed', names: tools.map(({ name }) => name) }
}
