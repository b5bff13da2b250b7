import { writeSync } from 'node:fs'

const SHOW_CURSOR = '\u001b[?25h'

/**
 * Ctrl-C (or a closed terminal) once ends the run in order (the report is still written); twice ends it at once.
 * That it was heard is told by the run, as an event: what is written past the screen would be lost in its lines.
 *
 * @returns the signal for the run, and a function that gives Ctrl-C back its usual meaning.
 */
export function onInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const heed = (): void => {
    if (controller.signal.aborted) endAtOnce()
    controller.abort()
  }
  process.on('SIGINT', heed).on('SIGTERM', heed).on('SIGHUP', heed)
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', heed).off('SIGTERM', heed).off('SIGHUP', heed),
  }
}

/** The screen has no time to give the terminal back: it may have hidden the cursor. */
function endAtOnce(): never {
  try {
    if (process.stdout.isTTY) writeSync(process.stdout.fd, SHOW_CURSOR)
  } catch {
    // The terminal is gone.
  }
  process.exit(130)
}
