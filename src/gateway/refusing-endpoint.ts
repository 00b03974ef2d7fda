import { TextAnswer } from '../request/answer.ts'
import type { Endpoint } from '../request/exchange.ts'
import { createCarriage } from './carriage.ts'
import type { GatewayDependencies } from './forwarding.ts'

/** An MCP endpoint for what platforms do not carry: methods that MCP does not have, servers that are not there. */
export function createRefusingEndpoint(deps: GatewayDependencies): Endpoint {
  return async (exchange) => {
    const carriage = await createCarriage(deps, exchange)
    if (carriage instanceof TextAnswer) return carriage
    throw new Error('A message was not carried')
  }
}
