import { didYouMean, nearest, type Inventory } from '../inventory/index.ts'
import type { ReadTracker } from '../values/reads.ts'

/** Read by Labbook itself, or by what it starts. */
const OWN = /^(ansible|report|lab)_/

/** A warning for each of `--extra-vars` that nothing has read, with the name that may have been meant. */
export function unreadWarnings(tracker: ReadTracker, { hosts }: Pick<Inventory, 'hosts'>): string[] {
  const known = new Set(
    [...tracker.read, ...[...hosts.values()].flatMap(({ vars }) => Object.keys(vars))].filter(
      (name) => !tracker.unread.includes(name),
    ),
  )
  return tracker.unread
    .filter((name) => !OWN.test(name))
    .map((name) => {
      const hint = didYouMean(meant(name, [...known]))
      return `--extra-vars ${name}: nothing that ran has read this variable${hint === undefined ? '' : `: ${hint}`}`
    })
}

/** Names that end or begin with the word come first: `counter_replicas` for `replicas`. */
function meant(name: string, known: readonly string[]): string[] {
  const longer = known.filter((other) => other.endsWith(`_${name}`) || other.startsWith(`${name}_`))
  return longer.length > 0 ? longer.slice(0, 3) : name.length < 3 ? [] : nearest(name, known)
}
