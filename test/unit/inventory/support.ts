import { InventoryError, parseInventory, type Inventory } from '../../../src/inventory/index.ts'

type Texts = Readonly<Record<string, string>>

interface VarsTexts {
  readonly groupVars?: Texts
  readonly hostVars?: Texts
}

/** Reads an inventory with texts of `group_vars/` and `host_vars/` by name. */
export function inventoryOf(text: string, { groupVars = {}, hostVars = {} }: VarsTexts = {}): Inventory {
  const files = (folder: string, texts: Texts) =>
    Object.entries(texts).map(([name, content]) => ({ name, path: `${folder}/${name}.yml`, text: content }))
  return parseInventory({
    main: { path: 'inventory.yaml', text },
    groupVars: files('group_vars', groupVars),
    hostVars: files('host_vars', hostVars),
  })
}

/** The lines of the error that an inventory gives; none where it gives none. */
export function complaints(read: () => unknown): string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof InventoryError) return error.message.split('\n')
    throw error
  }
}
