/**
 * Ctrl-C (or a closed terminal) once ends the run in order (the report is still written); twice ends it at once.
 *
 * @returns the signal for the run, and a function that gives Ctrl-C back its usual meaning.
 */
export function onInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const heed = (): void => {
    if (controller.signal.aborted) process.exit(130)
    process.stderr.write('\nlabbook: interrupted; ending the run (again to end at once)\n')
    controller.abort()
  }
  process.on('SIGINT', heed).on('SIGTERM', heed).on('SIGHUP', heed)
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', heed).off('SIGTERM', heed).off('SIGHUP', heed),
  }
}
