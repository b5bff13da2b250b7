import type { ReportMetadata } from '../events/events.ts'
import type { Inventory } from '../inventory/index.ts'

const VARIABLES = { author: 'report_author', title: 'report_title', course: 'report_course' } as const

/**
 * Reads `report_author`, `report_title` and `report_course` from variables of the group `all` or from extra variables,
 * which take precedence. Unset values are omitted.
 */
export function reportMetadataOf(
  { hosts }: Pick<Inventory, 'hosts'>,
  extraVars: Readonly<Record<string, unknown>>,
): ReportMetadata {
  // Every host has the variables of group `all`. localhost always exists.
  const vars = { ...(hosts.get('localhost') ?? [...hosts.values()][0])?.vars, ...extraVars }
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([key, name]) => {
      const value = vars[name]
      return typeof value === 'string' && value.trim() !== '' ? [[key, value.trim()]] : []
    }),
  )
}
