import type { Inventory } from '../inventory/index.ts'
import { didYouMean, nearest } from '../text/suggest.ts'
import type { VarReadTracker } from '../values/var-reads.ts'

/** Read by Labbook itself, or by programs it starts. */
const INTERNAL = /^(ansible|report|lab)_/

/** A warning for each unused variable of `--extra-vars`, with a suggestion for misspelled names. */
export function unusedVariableWarnings(tracker: VarReadTracker, { hosts }: Pick<Inventory, 'hosts'>): string[] {
  const declared = new Set(tracker.declaredNames)
  const known = new Set(
    [...tracker.readNames, ...[...hosts.values()].flatMap(({ vars }) => Object.keys(vars))]
      .filter((name) => !tracker.unreadNames.includes(name))
      .concat(tracker.declaredNames),
  )
  return tracker.unreadNames
    .filter((name) => !INTERNAL.test(name))
    .map((name) => {
      // The name of a declared variable is right, even if this run did not read it.
      const hint = declared.has(name) ? undefined : didYouMean(suggestions(name, [...known]))
      return `--extra-vars ${name}: variable was not used in this run${hint === undefined ? '' : `: ${hint}`}`
    })
}

/** Suggests longer names first: `shop_replicas` for `replicas`. */
function suggestions(name: string, known: readonly string[]): string[] {
  const longer = known.filter((other) => other.endsWith(`_${name}`) || other.startsWith(`${name}_`))
  return longer.length > 0 ? longer.slice(0, 3) : name.length < 3 ? [] : nearest(name, known)
}
