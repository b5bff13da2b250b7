/**
 * Something a probe wants to know that one process can find out for many probes: `stat` takes any number of paths. A
 * batch asks for it before the first of its probes, and puts the answers into variables that the probes read. A probe
 * whose variable is unset finds out by itself, so this is never more than a saving.
 */
export interface Shared {
  readonly by: Collector
  /** What is asked for, in words of the collector's own. */
  readonly words: readonly string[]
}

export interface Collector {
  /**
   * Shell text that sets the variables; prints nothing, and leaves alone what it cannot tell. It may use
   * `lb_collect_...`, `set --` and IFS.
   */
  compose(asked: readonly (readonly string[])[]): string
}

/** A part of a variable's name, another one for each text: paths and names hold characters that such names do not. */
export const nameOf = (text: string): string =>
  text.replace(/[^A-Za-z0-9]/gu, (character) => `_${character.codePointAt(0)?.toString(16)}_`)

/** Text that asks for all of it, for each collector that more than one wants something of. */
export function collect(shared: readonly Shared[]): string[] {
  const asked = new Map<Collector, Map<string, readonly string[]>>()
  for (const { by, words } of shared) {
    const all = asked.get(by) ?? new Map<string, readonly string[]>()
    asked.set(by, all.set(words.join('\0'), words))
  }
  return [...asked].flatMap(([by, all]) =>
    all.size > 1 || shared.filter((each) => each.by === by).length > 1 ? [by.compose([...all.values()])] : [],
  )
}
