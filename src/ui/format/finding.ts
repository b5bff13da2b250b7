import type { Exhibit, Finding } from '../../events/events.ts'
import { tableLines } from '../../text/table.ts'
import type { Palette } from './palette.ts'
import { count, wrapAnywhere, shorten, wrap } from './text.ts'

const MIN_STATEMENT = 24

/** `✓ swarm.nodes.ready: all nodes are Ready (3 of 3)`, in lines of at most `width` characters. */
export function findingParagraph(finding: Finding, paint: Palette, width = Infinity): string[] {
  const head = `${finding.id}:`
  return wrapAnywhere(`${head} ${summaryOf(finding)}`, width - 2).map((line, i) => {
    if (i > 0) return `  ${line}`
    const text = line.startsWith(head) ? `${paint.bold(head)}${line.slice(head.length)}` : line
    return `${findingMark(finding, paint)} ${text}`
  })
}

const summaryOf = ({ statement, holds, question, detail, times }: Finding): string => {
  const answer = question === undefined || holds === null ? '' : `: ${holds ? 'yes' : 'no'}`
  const repeated =
    times === undefined ? [] : [`held ${times.held} of ${times.held + times.failed + times.unknown} times`]
  const more = [...repeated, ...(detail === undefined ? [] : [shorten(detail)])]
  return `${shorten(statement)}${answer}${more.length === 0 ? '' : ` (${more.join('; ')})`}`
}

function findingMark({ holds, question }: Finding, paint: Palette): string {
  if (holds === null) return paint.yellow('?')
  if (holds) return paint.green('✓')
  // "No" to a question is not a failure.
  return question === undefined ? paint.red('✗') : paint.cyan('○')
}

/** All findings in two columns, ids and statements, within a terminal's width. */
export function findingLines(findings: readonly Finding[], paint: Palette, width: number): string[] {
  const idWidth = Math.max(0, ...findings.map(({ id }) => id.length))
  const indent = idWidth + 4
  return tableLines(
    findings.map((finding) => [
      `${findingMark(finding, paint)} ${paint.bold(finding.id)}`,
      wrap(summaryOf(finding), Math.max(MIN_STATEMENT, width - indent)).join('\n'),
    ]),
  )
}

/**
 * `4 findings hold`, or `2 of 4 findings hold, 1 inconclusive`. Questions are counted separately: `2 of 3 questions
 * answered`.
 */
export function findingTally(all: readonly Finding[]): string {
  const findings = all.filter(({ question }) => question === undefined)
  const asked = all.filter(({ question }) => question === true)
  const answered = asked.filter(({ holds }) => holds !== null).length
  const answers = asked.length === 0 ? '' : `${answered} of ${count(asked.length, 'question')} answered`
  if (findings.length === 0 && asked.length > 0) return answers
  return `${claims(findings)}${answers === '' ? '' : `, ${answers}`}`
}

function claims(findings: readonly Finding[]): string {
  const held = findings.filter(({ holds }) => holds === true).length
  const inconclusive = findings.filter(({ holds }) => holds === null).length
  const verb = held === 1 ? 'holds' : 'hold'
  if (held === findings.length) return `${count(held, 'finding')} ${verb}`
  return `${held} of ${count(findings.length, 'finding')} ${verb}${inconclusive > 0 ? `, ${inconclusive} inconclusive` : ''}`
}

/** `Swarm nodes`, with the exit code if it is not 0. */
export function exhibitTitle({ title, exitCode }: Exhibit, width = Infinity): string {
  const code = exitCode === 0 ? '' : ` (exit ${exitCode})`
  return `${shorten(title, width - code.length)}${code}`
}
