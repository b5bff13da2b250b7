import { jsonScreen } from './json-screen.ts'
import { plainScreen } from './plain-screen.ts'
import type { Screen } from './screen.ts'

export interface ScreenOptions {
  readonly json: boolean
  readonly diff: boolean
  readonly verbosity: number
  /** Prompts share the terminal: plain lines, each shown at once. */
  readonly isPrompting?: boolean
  readonly stdout: NodeJS.WriteStream
  /** The durations of the phases in earlier runs, in milliseconds; called only if they are shown. */
  readonly expected?: () => readonly (number | undefined)[]
  readonly env?: Readonly<Record<string, string | undefined>>
}

interface TerminalInfo {
  readonly isTTY: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Chooses the screen: JSON on request, the live one on a terminal, plain lines otherwise. The live one is loaded on
 * demand, because startup is most of a short run.
 */
export async function chooseScreen({
  json,
  diff,
  verbosity,
  isPrompting = false,
  stdout,
  expected = () => [],
  env = process.env,
}: ScreenOptions): Promise<Screen> {
  if (json) return jsonScreen(stdout)
  const terminal = { isTTY: stdout.isTTY, env }
  const colour = wantsColour(terminal)
  if (isPrompting || !wantsLive({ ...terminal, verbosity }))
    return plainScreen(stdout, { diff, verbosity, colour, isPrompting, links: terminal.isTTY && colour })
  const { terminalScreen } = await import('./terminal-screen.ts')
  return terminalScreen(stdout, { diff, colour, expected: expected() })
}

/** The live screen needs cursor control; `-v` shows every result, as plain lines. */
export const wantsLive = ({ isTTY, env, verbosity }: TerminalInfo & Pick<ScreenOptions, 'verbosity'>): boolean =>
  isTTY && env.TERM !== 'dumb' && verbosity === 0

/** Colour on a terminal, unless `NO_COLOR` is set; elsewhere only with `FORCE_COLOR`. */
export function wantsColour({ isTTY, env }: TerminalInfo): boolean {
  if ((env.NO_COLOR ?? '') !== '') return false
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0'
  return isTTY && env.TERM !== 'dumb'
}
