import type { ReportMetadata } from '../events/events.ts'
import type { Inventory } from '../inventory/index.ts'
import { inventoryVariables } from '../playbook/variables.ts'

const VARIABLES = { author: 'report_author', title: 'report_title', course: 'report_course' } as const

/**
 * Reads `report_author`, `report_title` and `report_course` from variables of the group `all` or from extra variables,
 * which take precedence. Unset values are omitted.
 */
export function reportMetadataOf(inventory: Inventory, extraVars: Readonly<Record<string, unknown>>): ReportMetadata {
  // Every host has the variables of group `all`. localhost always exists.
  const { hosts } = inventory
  const vars = inventoryVariables(
    inventory,
    extraVars,
  )(hosts.has('localhost') ? 'localhost' : ([...hosts.keys()][0] ?? ''))
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([key, name]) => {
      const value = vars[name]
      return typeof value === 'string' && value.trim() !== '' ? [[key, value.trim()]] : []
    }),
  )
}
