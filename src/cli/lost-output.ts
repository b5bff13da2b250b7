let lost: Error | undefined
let isWatched = false

/**
 * A run whose output cannot be written continues: changes and experiments must not end halfway. It says so on stderr
 * once. `src/cli/entry.mjs` leaves errors of stdout to this, until the process ends.
 */
export function continueWithoutOutput(): void {
  if (isWatched) return
  isWatched = true
  process.stdout.on('error', (error: Error) => {
    if (lost !== undefined) return
    lost = error
    process.stderr.write(`cannot write to stdout: ${error.message}; the run continues, and is recorded in runs/\n`)
  })
}

/** The exit code of a run: a success without its output is an error. */
export const exitCodeWithOutput = (exitCode: number): number => (exitCode === 0 && lost !== undefined ? 1 : exitCode)
