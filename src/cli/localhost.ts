import type { Inventory } from '../inventory/index.ts'

/** Ansible's implicit localhost: there even when the inventory does not name it, and reached without SSH. */
export function withLocalhost(inventory: Inventory): Inventory {
  if (inventory.hosts.has('localhost')) return inventory
  const all = inventory.groups.get('all')
  const host = { name: 'localhost', groups: ['all', 'ungrouped'], vars: { ...all?.vars, ansible_connection: 'local' } }
  return { ...inventory, hosts: new Map([...inventory.hosts, ['localhost', host]]) }
}
