import { writeSync } from 'node:fs'

const SHOW_CURSOR = '\u001b[?25h'

/**
 * The first Ctrl-C (or SIGTERM, or SIGHUP) shuts the run down gracefully, including the report; the second one exits
 * immediately. The run confirms the first as an event, because direct output would break the live screen.
 *
 * @returns the run's signal, and a function that restores the default handling.
 */
export function onInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const handle = (): void => {
    if (controller.signal.aborted) exitNow()
    controller.abort()
  }
  process.on('SIGINT', handle).on('SIGTERM', handle).on('SIGHUP', handle)
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', handle).off('SIGTERM', handle).off('SIGHUP', handle),
  }
}

/** Shows the cursor, which the live screen may have hidden. */
function exitNow(): never {
  try {
    if (process.stdout.isTTY) writeSync(process.stdout.fd, SHOW_CURSOR)
  } catch {
    // The terminal is closed.
  }
  process.exit(130)
}
