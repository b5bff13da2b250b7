/** Counts of assertions of a test program. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 }

export const sum = (tallies: readonly Tally[]): Tally =>
  tallies.reduce(
    (all, each) => ({
      passed: all.passed + each.passed,
      failed: all.failed + each.failed,
      skipped: all.skipped + each.skipped,
    }),
    NOTHING,
  )

/** Parses the summary of tap or pytest. Without one, all counts are 0. */
export function tallyOf(output: string): Tally {
  const tap = [...output.matchAll(/^# \{ total: \d+.*\}$/gm)].at(-1)?.[0]
  if (tap !== undefined) {
    const count = (name: string): number => Number(new RegExp(`\\b${name}: (\\d+)`).exec(tap)?.[1] ?? 0)
    return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') }
  }
  const pytest =
    [
      ...output.matchAll(
        /^=*\s*((?:\d+ (?:failed|passed|skipped|errors?|warnings?|deselected|xfailed|xpassed)(?:, )?)+) in [\d.]+s/gm,
      ),
    ].at(-1)?.[1] ?? ''
  const count = (name: string): number => Number(new RegExp(`(\\d+) ${name}`).exec(pytest)?.[1] ?? 0)
  return { passed: count('passed'), failed: count('failed') + count('error'), skipped: count('skipped') }
}

/** Output without passed assertions: failures with diagnostics, comments, and anything that is not TAP. */
export const withoutPassed = (output: string): string =>
  output
    .split('\n')
    .filter((line) => !/^ *(ok |1\.\.|# time=|# Subtest|# \{|$)|^TAP version/.test(line))
    .join('\n')

/** Only the comments. */
export const commentsOf = (output: string): string =>
  withoutPassed(output)
    .split('\n')
    .filter((line) => /^ *# /.test(line))
    .join('\n')
