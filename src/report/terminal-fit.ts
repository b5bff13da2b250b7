import type { Exhibit } from '../events/events.ts'

/** What a terminal shows of a command. */
export type ShownCommand = Pick<Exhibit, 'host' | 'command' | 'displayCommand'>

/** Programs that a person would run on the controller. Other commands there describe measurements by Labbook. */
const PROGRAMS = /^(?:\S*\/)?(?:bash|cat|curl|docker|helm|k3s|kubectl|openssl|qemu-img|redis-cli|sh|ssh)\s/

/** Whether the command is a description, as `GET /path, 80 times`: it has no prompt. */
export const isDescription = ({ host, command, displayCommand }: ShownCommand): boolean =>
  host === 'controller' && !PROGRAMS.test(`${displayCommand ?? command} `)

/** The command with its prompt, in lines of at most so many columns, continued with a backslash as a person would. */
export function commandLines(exhibit: ShownCommand, columns: number): string {
  const command = (exhibit.displayCommand ?? exhibit.command).trim().replaceAll(DIGEST, '$1…')
  if (isDescription(exhibit)) return breakLine(command, columns, '').join('\n')
  const prompt = `${exhibit.host}$ `
  return command
    .split('\n')
    .flatMap((line, i) => breakLine(`${i === 0 ? prompt : '> '}${line}`, columns, ' \\'))
    .join('\n')
}

function breakLine(line: string, columns: number, end: string): string[] {
  const lines: string[] = []
  let rest = line
  while (rest.length > columns) {
    const at = rest.lastIndexOf(' ', columns - end.length)
    // A word that is longer than the line is cut by the layout.
    if (at <= 4) break
    lines.push(rest.slice(0, at) + end)
    rest = `    ${rest.slice(at + 1)}`
  }
  return [...lines, rest]
}

/** With or without its algorithm, as in `sha256:...` and in paths of a registry. */
const DIGEST = /\b((?:sha256:)?[0-9a-f]{12})[0-9a-f]{52}\b/g

/** Output with short digests, and tables of Docker and kubectl narrowed to so many columns. */
export function fitOutput(text: string, columns: number): string {
  const short = text.replaceAll(DIGEST, '$1…')
  const lines = text.split('\n')
  const isTable = /^\p{Lu}[\p{Lu} -]+$/u.test(lines[0] ?? '') && /\S {2,}\S/.test(lines[0] ?? '')
  if (!isTable || !lines.some(({ length }) => length > columns)) return short
  return narrowTable(lines, columns).join('\n')
}

const GAP = 2
const NARROWEST = 8

/** Shortens the cells of the widest columns until the table fits. Lines after the table stay as they are. */
function narrowTable(lines: readonly string[], columns: number): string[] {
  const head = lines[0] ?? ''
  const starts = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ index }) => index)
  const end = lines.findIndex((line, i) => i > 0 && line.trim() === '')
  const rows = lines.slice(0, end === -1 ? undefined : end).map((line) =>
    starts.map((start, i) =>
      line
        .slice(start, starts[i + 1])
        .trim()
        .replaceAll(DIGEST, '$1…'),
    ),
  )
  const widths = starts.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  const used = () => widths.reduce((sum, width) => sum + (width === 0 ? 0 : width + GAP), -GAP)
  while (used() > columns) {
    const widest = widths.indexOf(Math.max(...widths))
    if ((widths[widest] as number) <= NARROWEST) break
    widths[widest] = (widths[widest] as number) - 1
  }
  return [
    ...rows.map((row) =>
      row
        .map((cell, i) => shorten(cell, widths[i] as number).padEnd((widths[i] as number) + GAP))
        .join('')
        .trimEnd(),
    ),
    ...(end === -1 ? [] : lines.slice(end)),
  ]
}

/** Cuts the middle: both the registry and the tag of an image name stay readable. */
function shorten(cell: string, width: number): string {
  if (cell.length <= width) return cell
  const tail = Math.floor((width - 1) / 2)
  return `${cell.slice(0, width - 1 - tail)}…${cell.slice(cell.length - tail)}`
}
