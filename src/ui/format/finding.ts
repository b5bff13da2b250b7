import type { Exhibit, Finding } from '../../run/events.ts'
import type { Palette } from './palette.ts'
import { count, shorten, wrap } from './text.ts'

const MIN_STATEMENT = 24

/** `✓ swarm.nodes.ready: all nodes are Ready (3 of 3)` */
export function findingLine(finding: Finding, paint: Palette): string {
  return `${findingMark(finding.holds, paint)} ${paint.bold(`${finding.id}:`)} ${said(finding)}`
}

const said = ({ statement, detail }: Finding): string =>
  `${shorten(statement)}${detail === undefined ? '' : ` (${shorten(detail)})`}`

function findingMark(holds: boolean | null, paint: Palette): string {
  if (holds === null) return paint.yellow('?')
  return holds ? paint.green('✓') : paint.red('✗')
}

/** All findings under each other in a terminal's width: ids in one column, statements in another. */
export function findingLines(findings: readonly Finding[], paint: Palette, width: number): string[] {
  const idWidth = Math.max(0, ...findings.map(({ id }) => id.length))
  const indent = idWidth + 4
  return findings.flatMap((finding) => {
    const head = `${findingMark(finding.holds, paint)} ${paint.bold(finding.id.padEnd(idWidth))}  `
    return wrap(said(finding), Math.max(MIN_STATEMENT, width - indent))
      .map((line, i) => `${i === 0 ? head : ' '.repeat(indent)}${line}`)
  })
}

/** `4 findings hold`, or `2 of 4 findings hold, 1 open`: open is what could not be told. */
export function findingTally(findings: readonly Finding[]): string {
  const held = findings.filter(({ holds }) => holds === true).length
  const open = findings.filter(({ holds }) => holds === null).length
  const verb = held === 1 ? 'holds' : 'hold'
  if (held === findings.length) return `${count(held, 'finding')} ${verb}`
  return `${held} of ${count(findings.length, 'finding')} ${verb}${open > 0 ? `, ${open} open` : ''}`
}

/** `$ docker node ls`, in one line, with the exit code where it is not 0. */
export function exhibitLine({ command, exitCode }: Exhibit, width?: number): string {
  return `$ ${shorten(command, width)}${exitCode === 0 ? '' : ` (exit ${exitCode})`}`
}
