import type { Inventory } from '../inventory/index.ts'

/** Adds Ansible's implicit localhost, which needs no entry in the inventory and no SSH. */
export function withLocalhost(inventory: Inventory): Inventory {
  if (inventory.hosts.has('localhost')) return inventory
  const all = inventory.groups.get('all')
  const host = { name: 'localhost', groups: ['all', 'ungrouped'], vars: { ...all?.vars, ansible_connection: 'local' } }
  return { ...inventory, hosts: new Map([...inventory.hosts, ['localhost', host]]) }
}
