import { randomInt } from 'node:crypto'
import type { Play } from '../playbook/play.ts'

/** The hosts of a play in its `order`: in batches of `serial`, the first ones start first. */
export function orderHosts<H extends { readonly name: string }>(hosts: readonly H[], order: Play['order']): H[] {
  switch (order) {
    case undefined:
    case 'inventory':
      return [...hosts]
    case 'reverse_inventory':
      return [...hosts].reverse()
    case 'sorted':
      return [...hosts].sort(byName)
    case 'reverse_sorted':
      return [...hosts].sort(byName).reverse()
    case 'shuffle':
      return shuffled(hosts)
  }
}

/** By code points, as in Ansible. */
const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

function shuffled<H>(hosts: readonly H[]): H[] {
  const rest = [...hosts]
  return hosts.flatMap(() => rest.splice(randomInt(rest.length), 1))
}
