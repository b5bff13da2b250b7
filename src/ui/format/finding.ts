import type { Exhibit, Finding } from '../../run/events.ts'
import type { Palette } from './palette.ts'
import { count, shorten } from './text.ts'

/** `✓ swarm.nodes.ready: all nodes are Ready (3 of 3)` */
export function findingLine(finding: Finding, paint: Palette, idWidth = 0): string {
  const colon = `${finding.id}:`.padEnd(idWidth === 0 ? 0 : idWidth + 1)
  const detail = finding.detail === undefined ? '' : paint.dim(` (${shorten(finding.detail)})`)
  return `${findingMark(finding.holds, paint)} ${paint.bold(colon)} ${shorten(finding.statement)}${detail}`
}

export function findingMark(holds: boolean | null, paint: Palette): string {
  if (holds === null) return paint.yellow('?')
  return holds ? paint.green('✓') : paint.red('✗')
}

/** All findings under each other, ids aligned. */
export function findingLines(findings: readonly Finding[], paint: Palette): string[] {
  const idWidth = Math.max(0, ...findings.map(({ id }) => id.length))
  return findings.map((finding) => findingLine(finding, paint, idWidth))
}

/** `5 findings hold, 1 does not, 1 cannot be told` */
export function findingTally(findings: readonly Finding[]): string {
  const number = (holds: boolean | null): number => findings.filter((finding) => finding.holds === holds).length
  const [yes, no, open] = [number(true), number(false), number(null)]
  return [
    yes > 0 && `${count(yes, 'finding')} ${yes === 1 ? 'holds' : 'hold'}`,
    no > 0 && `${yes > 0 ? no : count(no, 'finding')} ${no === 1 ? 'does' : 'do'} not${yes > 0 ? '' : ' hold'}`,
    open > 0 && `${yes + no > 0 ? open : count(open, 'finding')} cannot be told`,
  ].filter((part) => part !== false).join(', ')
}

/** `$ docker node ls`, in one line, with the exit code where it is not 0. */
export function exhibitLine({ command, exitCode }: Exhibit, width?: number): string {
  return `$ ${shorten(command, width)}${exitCode === 0 ? '' : ` (exit ${exitCode})`}`
}
