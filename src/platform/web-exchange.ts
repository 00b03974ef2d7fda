import type { App } from '../app.ts'
import type { AnswerHead } from '../gateway/answer.ts'
import { isBodyless } from '../http1/format-head.ts'
import type { IncomingBody } from './incoming-body.ts'
import type { Reply } from './reply.ts'
import type { Turn } from './serving.ts'

/** Answers one request as the web has them: what is no message for an MCP server and no document. */
export function answerByApp({ arrived, body, reply }: Turn, app: App): void {
  const gone = new AbortController()
  reply.onOver = () => {
    if (!reply.isWhole) gone.abort()
  }
  const { head, connection } = arrived
  const { url, method } = head
  const headers = new Headers()
  for (const [name, value] of head.headers) headers.append(name, value)
  if (body.declared !== undefined) headers.set('content-length', String(body.declared))
  const init = { method, headers, signal: gone.signal }
  const hasBody = method !== 'GET' && method !== 'HEAD' && body.declared !== 0
  // Such a body would be nobody's to read.
  if (!hasBody) body.discard()
  const request = hasBody
    ? new Request(url, { ...init, body: toStream(body), ...HALF_DUPLEX })
    : new Request(url, init)
  app(request, connection)
    .then((response) => write(reply, response))
    // What failed has been logged, and nobody is left to tell: the client went away, or has half an answer.
    .catch(() => reply.destroy())
}

/** Bodies that are streams need it said, which TypeScript's idea of a request does not know. */
const HALF_DUPLEX = { duplex: 'half' }

/** Nothing is read, and the client not asked for it, before somebody wants it. */
function toStream(body: IncomingBody): ReadableStream<Uint8Array> {
  let isRead = false
  const read = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    isRead = true
    body.read({
      onData(chunk) {
        controller.enqueue(chunk)
        return (controller.desiredSize ?? 0) > 0
      },
      onEnd: () => controller.close(),
      onGone: () => controller.error(new Error('The client went away')),
    })
  }
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => (isRead ? body.resume() : read(controller)),
      cancel: () => body.discard(),
    },
    { highWaterMark: 0 },
  )
}

async function write(reply: Reply, response: Response): Promise<void> {
  const { status } = response
  const headers = [...response.headers].filter(([name]) => !FRAMING.has(name))
  const head: AnswerHead = { status, headers }
  const isStream = headers.some(([name, value]) => name === 'content-type' && isEvents(value))
  if (response.body === null || isBodyless(status)) reply.writeWhole(head, new Uint8Array())
  else if (isStream) await stream(reply, head, response.body)
  else reply.writeWhole(head, new Uint8Array(await response.arrayBuffer()))
}

/** What the connection says for itself. */
const FRAMING: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'date',
])

function isEvents(contentType: string): boolean {
  return contentType.startsWith('text/event-stream')
}

async function stream(
  reply: Reply,
  head: AnswerHead,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  // Who left meanwhile is not told of again.
  if (reply.isOver) {
    await body.cancel()
    return
  }
  const reader = body.getReader()
  const { onOver } = reply
  let wake: () => void = () => undefined
  reply.onOver = () => {
    onOver()
    wake()
    void reader.cancel().catch(() => undefined)
  }
  reply.onDrain = () => wake()
  reply.open(head, undefined)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!reply.write(value)) {
      await new Promise<void>((drained) => {
        wake = drained
      })
    }
  }
  reply.end()
}
