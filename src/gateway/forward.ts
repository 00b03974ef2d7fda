import type { Endpoint } from '../request/exchange.ts'
import { type Carriage, createCarriage } from './carriage.ts'
import type { GatewayDependencies } from './forwarding.ts'
import { readFollowed } from './listening.ts'
import { sendUpstream } from './send.ts'
import type { UpstreamResponse } from './upstream.ts'

/** The gateway over web standards: an MCP endpoint of ours, carried to the server behind it. */
export function createGatewayEndpoint(deps: GatewayDependencies): Endpoint {
  return async (exchange) => {
    const carriage = await createCarriage(deps, exchange)
    if (carriage instanceof Response) return carriage
    const sent = await sendUpstream(deps.upstream, carriage, exchange.request)
    return sent instanceof Response ? sent : answer(carriage, sent)
  }
}

async function answer(carriage: Carriage, { status, headers, body }: UpstreamResponse) {
  const judged = await carriage.judge(status, headers)
  if (judged instanceof Response) {
    await body?.cancel()
    return judged
  }
  const init = {
    status,
    headers: judged.headers.map(([name, value]): [string, string] => [name, value]),
  }
  if (body === null || isBodyless(status)) return new Response(null, init)
  const listening = carriage.follow(judged)
  return new Response(listening === undefined ? body : readFollowed(body, listening), init)
}

/** Whether answers of this status have no body (RFC 9110 §6.4.1). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}
