import { jsonScreen } from './json.ts'
import { plainScreen } from './plain.ts'
import type { Screen } from './screen.ts'

export interface ScreenChoice {
  readonly json: boolean
  readonly diff: boolean
  readonly verbosity: number
  readonly stdout: NodeJS.WriteStream
  /** How long each phase took in earlier runs, in milliseconds and in their order; asked for only where it is shown. */
  readonly expected?: () => readonly (number | undefined)[]
  readonly env?: Readonly<Record<string, string | undefined>>
}

interface Seen {
  readonly isTTY: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * The screen that fits: JSON where asked for, the live one on a terminal, plain lines elsewhere. The live one is loaded
 * only where it is drawn: start-up is most of a short run.
 */
export async function chooseScreen({
  json,
  diff,
  verbosity,
  stdout,
  expected = () => [],
  env = process.env,
}: ScreenChoice): Promise<Screen> {
  if (json) return jsonScreen(stdout)
  const seen = { isTTY: stdout.isTTY, env }
  const colour = wantsColour(seen)
  if (!wantsLive({ ...seen, verbosity }))
    return plainScreen(stdout, { diff, verbosity, colour, links: seen.isTTY && colour })
  const { terminalScreen } = await import('./terminal.ts')
  return terminalScreen(stdout, { diff, colour, expected: expected() })
}

/** A drawn screen needs a terminal that can move its cursor; with `-v` every result is to be read, which lines suit. */
export const wantsLive = ({ isTTY, env, verbosity }: Seen & Pick<ScreenChoice, 'verbosity'>): boolean =>
  isTTY && env.TERM !== 'dumb' && verbosity === 0

/** Colour on a terminal, unless `NO_COLOR` is set; off it only with `FORCE_COLOR`. */
export function wantsColour({ isTTY, env }: Seen): boolean {
  if ((env.NO_COLOR ?? '') !== '') return false
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0'
  return isTTY && env.TERM !== 'dumb'
}
