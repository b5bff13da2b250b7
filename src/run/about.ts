import type { Inventory } from '../inventory/index.ts'

/** Who hands in the report, where the run was told. */
export interface About {
  readonly author?: string
  readonly title?: string
  readonly course?: string
}

const VARIABLES = { author: 'report_author', title: 'report_title', course: 'report_course' } as const

/**
 * Reads `report_author`, `report_title` and `report_course`: variables of the inventory's group `all`, or extra
 * variables, which come first. Who is not named is not guessed.
 */
export function aboutOf({ hosts }: Pick<Inventory, 'hosts'>, extraVars: Readonly<Record<string, unknown>>): About {
  // What all hosts have, each of them has; localhost is always there.
  const vars = { ...(hosts.get('localhost') ?? [...hosts.values()][0])?.vars, ...extraVars }
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([key, name]) => {
      const value = vars[name]
      return typeof value === 'string' && value.trim() !== '' ? [[key, value.trim()]] : []
    }),
  )
}
