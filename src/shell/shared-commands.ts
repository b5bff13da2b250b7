/** Bytes of the definition and the calls of a function that are not worth the exchange. */
const OVERHEAD = 40

/**
 * Replaces commands that probes of a batch have in common by calls of functions, so that they are sent and parsed once.
 * The functions run in the same shell, with the same variables, and exit with the same code.
 *
 * @param candidates - complete commands without `return`, that may occur in the scripts as they are.
 */
export function shareCommands(
  scripts: readonly string[],
  candidates: readonly string[],
): { readonly functions: readonly string[]; readonly scripts: readonly string[] } {
  const functions: string[] = []
  let shared = scripts
  // A long command may contain a short one.
  for (const command of [...new Set(candidates)].sort((a, b) => b.length - a.length)) {
    const parts = shared.map((script) => script.split(command))
    const calls = parts.reduce((sum, { length }) => sum + length - 1, 0)
    if ((calls - 1) * command.length < OVERHEAD) continue
    const name = `lb_shared${functions.length}`
    functions.push(`${name}() {\n${command}\n}`)
    shared = parts.map((part) => part.join(name))
  }
  return { functions, scripts: shared }
}
