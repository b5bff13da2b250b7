import { InventoryError, parseInventory, type Inventory } from '../../../src/inventory/index.ts'

type Texts = Readonly<Record<string, string>>

interface VarsTexts {
  readonly groupVars?: Texts
  readonly hostVars?: Texts
}

/** Parses an inventory with `group_vars/` and `host_vars/` given by name. */
export function inventoryOf(text: string, { groupVars = {}, hostVars = {} }: VarsTexts = {}): Inventory {
  const files = (directory: string, texts: Texts) =>
    Object.entries(texts).map(([name, content]) => ({ name, path: `${directory}/${name}.yml`, text: content }))
  return parseInventory({
    main: { path: 'inventory.yaml', text },
    vars: [{ groupVars: files('group_vars', groupVars), hostVars: files('host_vars', hostVars) }],
  })
}

/** The lines of an inventory's error; empty without one. */
export function errorLines(read: () => unknown): string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof InventoryError) return error.message.split('\n')
    throw error
  }
}
