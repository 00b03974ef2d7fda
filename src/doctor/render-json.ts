import { isWell, type Report } from './report.ts'

/** A report for machines: the steps and clients as they are, and whether all is well. */
export function renderJson(report: Report): string {
  return `${JSON.stringify({ url: report.url, well: isWell(report), steps: report.steps, clients: report.clients }, null, 2)}\n`
}
