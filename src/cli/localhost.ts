import type { Inventory } from '../inventory/index.ts'

/** Adds Ansible's implicit localhost, which needs no entry in the inventory and no SSH. Only its name selects it. */
export function withLocalhost(inventory: Inventory): Inventory {
  const { implicitLocalhost, ...rest } = inventory
  if (implicitLocalhost === undefined) return inventory
  return { ...rest, hosts: new Map([...inventory.hosts, [implicitLocalhost.name, implicitLocalhost]]) }
}
