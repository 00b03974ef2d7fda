import { examine, type Orders } from '../../src/doctor/doctor.ts'
import { createProbe } from '../../src/doctor/probe.ts'
import type { ClientFinding, Report, Step, StepName } from '../../src/doctor/report.ts'
import { parseTarget } from '../../src/doctor/target.ts'

/** Examines a URL over a network of the test's own. */
export function diagnose(
  url: string,
  fetch: typeof globalThis.fetch,
  orders: Omit<Orders, 'probe'> = {},
): Promise<Report> {
  const parsed = parseTarget(url)
  if (parsed.kind === 'unusable') throw new Error(parsed.why)
  return examine(parsed.target, { ...orders, probe: createProbe(fetch, () => performance.now()) })
}

/** The last step of this name. */
export function stepOf({ steps }: Pick<Report, 'steps'>, name: StepName): Step | undefined {
  return steps.findLast((step) => step.name === name)
}

/** What was found of a client. */
export function clientOf({ clients }: Report, name: string): ClientFinding | undefined {
  return clients.find(({ client }) => client === name)
}

/** All lines that a step would have pasted. */
export function pasteOf(step: Step | undefined): string {
  return (step?.remedy ?? []).flatMap(({ place, lines }) => [place, ...lines]).join('\n')
}

/** A network where one handler answers, whatever the host. */
export function networkOf(
  answer: (request: Request) => Response | Promise<Response>,
): typeof globalThis.fetch {
  return async (input, init) => answer(new Request(input, init))
}
