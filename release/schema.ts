import { z } from 'zod'
import type { VarSet } from 'labbook'

type JsonSchema = Readonly<Record<string, unknown>>

/** Variables of connections and of the lab, by the tables of the documentation. Their values are checked by the run. */
const FURTHER: Readonly<Record<string, string>> = {
  ansible_host: 'address or name of the host',
  ansible_port: 'port of its sshd',
  ansible_user: 'user to log in as',
  ansible_password: 'password of that user',
  ansible_connection: 'ssh or local',
  ansible_become: 'run tasks through sudo',
  ansible_become_user: 'the user that sudo changes to',
  ansible_become_password: 'password for sudo',
  ansible_ssh_private_key_file: 'private key to log in with',
  ansible_ssh_common_args: 'arguments of ssh, such as -J bastion',
  lab_provider: 'the host is a node of the lab: namespaces, qemu or auto',
  lab_name: 'name of the lab',
  lab_memory: 'memory of each node, such as 2G',
  lab_disk: 'disk of each node, such as 10G',
  lab_subnet: "the lab's network",
  lab_dir: "the lab's directory",
}

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
  const further = Object.entries(FURTHER).map(([name, description]) => [name, { description }] as const)
  return { type: ['object', 'null'], properties: Object.fromEntries([...declared, ...further]) }
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
