import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tableLines } from '../../text/table.ts'
import type { ClosingLine, RunFooter } from '../screen.ts'
import type { Palette } from './palette.ts'
import { shorten } from './text.ts'

/**
 * The lines of the footer: what is running, the results, the report and the next steps; without a closing only the
 * report and the command to rerun.
 *
 * @param links - whether the terminal supports hyperlinks (OSC 8).
 */
export function footerLines(
  { report, closing, rerunCommand: again }: RunFooter,
  paint: Palette,
  links: boolean,
): string[] {
  const file = report === undefined ? undefined : links ? hyperlink(report) : report
  if (closing === undefined) {
    return [
      ...(file === undefined ? [] : [`report: ${file}`]),
      ...(again === undefined ? [] : [`run again: ${shorten(again)}`]),
    ]
  }
  return [
    ...section('RUNNING NOW', closing.standing, paint),
    ...section('RESULTS', [...closing.figures, ...(file === undefined ? [] : [['Report', file] as const])], paint),
    ...section('NEXT STEPS', closing.next, paint),
  ]
}

function section(title: string, rows: readonly ClosingLine[], paint: Palette): string[] {
  if (rows.length === 0) return []
  return ['', paint.bold(title), ...tableLines(rows).map((line) => `  ${line}`)]
}

/** OSC 8: the path as text, linked to the file's URL. */
function hyperlink(path: string): string {
  return `\u001b]8;;${pathToFileURL(resolve(path)).href}\u001b\\${path}\u001b]8;;\u001b\\`
}
