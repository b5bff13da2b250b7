import type { ParsedInventory } from './ini-inventory.ts'
import { hostNameProblem } from './schema.ts'

/**
 * Parses `-i web1,web2,` as Ansible's plugin "host_list" does: hosts without a group, with a port, without ranges.
 */
export function parseHostList(list: string): ParsedInventory {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const problems = names.flatMap((name) => {
    const message = /^(?!\[).*\[/.test(name)
      ? `-i with a list of hosts has no ranges: write each host, as in "web1,web2,"`
      : hostNameProblem(name)
    return message === undefined ? [] : [{ path: `-i ${list}`, line: 0, column: 0, message }]
  })
  return {
    entries: names.map((name) => ({ name: 'ungrouped', entry: { hosts: { [name]: null } }, path: [] })),
    problems,
    report: (issues) => issues.map(({ message }) => ({ path: `-i ${list}`, line: 0, column: 0, message })),
  }
}
