import type { ClientOrder } from './client-orders.ts'
import type { Examination } from './examination.ts'
import type { Transport } from './greeting.ts'
import type { ClientFinding, StepName } from './report.ts'
import { toServer } from './server-metadata.ts'
import { findUnreachable } from './walk-client.ts'

/** Whether a client gets to a server that asks for no sign-in. */
export async function walkOpen(
  order: ClientOrder,
  { transport, stopped }: { readonly transport: Transport; readonly stopped: StepName | undefined },
  { target, get }: Examination,
): Promise<ClientFinding> {
  const unreachable = findUnreachable(order, target)
  if (unreachable !== undefined) return unreachable
  const { client, isFormer, isLedByRoot } = order
  const at = `${target.origin}/.well-known/oauth-authorization-server`
  if (isLedByRoot && toServer(await get(at)) !== undefined) {
    const why = 'is led into a sign-in by the metadata at the root: root: off, or a host of its own'
    return { client, isFormer, mark: 'failed', why, at }
  }
  if (stopped !== undefined) {
    return { client, isFormer, mark: 'failed', why: `gets as far as ${stopped}, which failed` }
  }
  const why = transport === 'legacy' ? 'gets through if it knows HTTP+SSE' : 'needs no sign-in'
  return { client, isFormer, mark: 'well', why }
}
