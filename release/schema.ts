import { z } from 'zod'
import type { VarSet } from 'labbook'

type JsonSchema = Readonly<Record<string, unknown>>

/** JSON Schema of variables: of a host, a group, and files in `group_vars` and `host_vars`. Others are allowed. */
export function varsSchema(sets: readonly VarSet[]): JsonSchema {
  const declared = sets.flatMap(({ area, definitions }) =>
    Object.entries(definitions).map(([name, { schema, description, default: value }]) => {
      const {
        $schema: _,
        description: expected,
        ...json
      } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
      const text = `${description}; ${expected ?? 'any value'} (${area})`
      return [name, { ...json, description: text, ...(value === undefined ? {} : { default: value }) }] as const
    }),
  )
  return { type: ['object', 'null'], properties: Object.fromEntries(declared) }
}

/** JSON Schema of `inventory.yaml`. */
export function inventorySchema(sets: readonly VarSet[]): JsonSchema {
  const byName = (reference: string): JsonSchema => ({
    type: ['object', 'null'],
    additionalProperties: { $ref: reference },
  })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Inventory of Labbook',
    ...byName('#/definitions/group'),
    definitions: {
      vars: varsSchema(sets),
      group: {
        type: ['object', 'null'],
        properties: {
          hosts: { description: 'hosts by name, with their variables', ...byName('#/definitions/vars') },
          vars: { description: 'variables of all hosts of the group', $ref: '#/definitions/vars' },
          children: { description: 'groups by name', ...byName('#/definitions/group') },
        },
        additionalProperties: false,
      },
    },
  }
}
