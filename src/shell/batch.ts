/** What one script of a batch printed, and how it ended. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** How long it ran on the target, in milliseconds; null where the target has no clock finer than a second. */
  readonly durationMs: number | null
}

/**
 * Joins scripts into one that runs them one after another and tells their outputs apart: after each, a line with the
 * mark, its number and its exit code goes to stdout and stderr alike. Every script has a subshell of its own, so that
 * `exit`, `cd` and variables stay inside. A failed script does not stop the next, unless `stopOnFailure`.
 *
 * @param mark - a word that cannot occur in any output; random, new for each batch.
 */
export function composeBatch(scripts: readonly string[], mark: string, stopOnFailure = 0): string {
  const steps = scripts.map((script, i) => {
    const stop = i < stopOnFailure ? '\n[ "$lb_code" = 0 ] || exit 0' : ''
    return `(\n${script}\n) </dev/null; lb_end ${i} "$?"${stop}`
  })
  // EPOCHREALTIME exists only in bash 5; elsewhere it is empty. The kernel's uptime has hundredths and needs no fork.
  return [
    `lb_end() { lb_code=$2; read -r lb_up lb_idle </proc/uptime || lb_up=; printf '\\n%s %s %s %s\\n' ${mark} "$1" "$2" "$lb_up"; printf '\\n%s %s %s\\n' ${mark} "$1" "$2" >&2; }`,
    `lb_end start 0`,
    ...steps,
  ].join('\n')
}

/**
 * Takes the outputs of a batch apart. Scripts that did not come to their end (connection lost, shell killed) are absent.
 */
export function parseBatch(stdout: Buffer, stderr: Buffer, mark: string): Outcome[] {
  const out = split(stdout, mark)
  const err = split(stderr, mark)
  const outcomes: Outcome[] = []
  let since = out[0]?.uptime ?? Number.NaN
  for (let i = 1; i < out.length && i < err.length; i++) {
    const { text, exitCode, uptime } = out[i] as Piece
    const durationMs = Number.isFinite(uptime - since) ? Math.round((uptime - since) * 1000) : null
    outcomes.push({ stdout: text, stderr: (err[i] as Piece).text, exitCode, durationMs })
    since = uptime
  }
  return outcomes
}

interface Piece {
  readonly text: string
  readonly exitCode: number
  readonly uptime: number
}

function split(stream: Buffer, mark: string): Piece[] {
  const pieces: Piece[] = []
  const needle = Buffer.from(`\n${mark} `)
  let from = 0
  for (;;) {
    const at = stream.indexOf(needle, from)
    const end = at === -1 ? -1 : stream.indexOf(0x0a, at + needle.length)
    if (end === -1) return pieces
    const [, exitCode, uptime] = stream.toString('latin1', at + needle.length, end).split(' ')
    pieces.push({ text: stream.toString('utf8', from, at), exitCode: Number(exitCode), uptime: Number.parseFloat(uptime ?? '') })
    from = end + 1
  }
}
