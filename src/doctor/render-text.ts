import type { ClientFinding, Mark, Remedy, Report, Step } from './report.ts'
import { isWell } from './report.ts'

const MARKS: Readonly<Record<Mark, string>> = { well: '✓', failed: '✗', unseen: '–' }
const WIDTH = 38 // characters, of the longest step or client

/** A step for people: what was seen, and below a failed one why and what to paste where. */
export function renderStep({ name, mark, seen, cause, remedy = [] }: Step): string {
  const lines = [
    `${MARKS[mark]} ${name.padEnd(WIDTH)} ${seen}`,
    ...(cause === undefined ? [] : [`    likely cause: ${cause}`]),
    ...renderRemedy(remedy),
  ]
  return `${lines.join('\n')}\n`
}

function renderRemedy(remedy: Remedy): readonly string[] {
  return remedy.flatMap(({ place, lines }) => [
    `    ${place === 'shell' ? 'do' : place}:`,
    ...lines.map((line) => `        ${line}`),
  ])
}

/** What comes after the steps: the clients, and how it all went. */
export function renderEnd(report: Report): string {
  const { clients } = report
  const verdict = isWell(report) ? 'All is well' : 'Something failed'
  const table = clients.map(renderClient)
  return ['', ...(table.length === 0 ? [] : ['Clients', ...table, '']), verdict, ''].join('\n')
}

function renderClient({ client, mark, why, at }: ClientFinding): string {
  return `${MARKS[mark]} ${client.padEnd(WIDTH)} ${why}${at === undefined ? '' : ` (${at})`}`
}
