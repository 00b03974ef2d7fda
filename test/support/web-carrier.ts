import type { Carried } from '../../src/app.ts'
import type { HeaderPair } from '../../src/gateway/headers.ts'
import type { Listening } from '../../src/gateway/listening.ts'
import { UpstreamError, type UpstreamHead } from '../../src/gateway/upstream.ts'
import { TextAnswer, toResponse } from '../../src/request/answer.ts'

/** A request as it arrives at the MCP server of a test. */
export interface UpstreamRequest {
  readonly url: string
  readonly method: string
  readonly headers: readonly HeaderPair[]
  readonly body: Uint8Array<ArrayBuffer> | null
}

/** What the MCP server of a test answers. */
export interface UpstreamResponse extends UpstreamHead {
  readonly body: ReadableStream<Uint8Array> | null
}

/** The MCP server of a test; throws an UpstreamError where there is none. */
export type Upstream = (request: UpstreamRequest) => Promise<UpstreamResponse>

/** Carries a request in this process, for tests of what is decided of it; how bytes are carried is the platform's. */
export async function carryInProcess(
  carried: Carried,
  request: Request,
  upstream: Upstream,
): Promise<Response> {
  const { url, method } = carried
  const body = method === 'GET' || request.body === null ? null : await request.bytes()
  const send = (headers: readonly HeaderPair[]) => upstream({ url, method, headers, body })
  try {
    const response = await send(carried.headers)
    const isRefused = response.status === 401 && carried.isRepeatable
    const other = isRefused ? await carried.repeat() : undefined
    if (other instanceof TextAnswer) return toResponse(other)
    return await answer(carried, other === undefined ? response : await send(other))
  } catch (error) {
    const isKnown = error instanceof UpstreamError
    return toResponse(isKnown ? carried.fail(error.reason) : carried.fault(error))
  }
}

async function answer(carried: Carried, { status, headers, body }: UpstreamResponse) {
  const judged = await carried.judge(status, headers)
  if (judged instanceof TextAnswer) return toResponse(judged)
  const init = {
    status,
    headers: judged.headers.map(([name, value]) => [name, value] as [string, string]),
  }
  if (body === null || [204, 205, 304].includes(status)) return new Response(null, init)
  const listening = carried.follow(judged)
  return new Response(listening === undefined ? body : readFollowed(body, listening), init)
}

/** The same body, followed to its end. */
function readFollowed(
  body: ReadableStream<Uint8Array>,
  listening: Listening,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        const chunk = done ? listening.flush() : await listening.pass(value)
        if (chunk.length > 0) controller.enqueue(chunk)
        if (!done) return
        listening.end()
        controller.close()
      } catch (error) {
        listening.end()
        controller.error(error)
        await reader.cancel(error)
      }
    },
    cancel(reason) {
      listening.end()
      return reader.cancel(reason)
    },
  })
}
