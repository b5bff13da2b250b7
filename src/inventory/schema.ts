import { z } from 'zod'
import type { Issue } from './document.ts'
import { didYouMean, nearest } from './nearest.ts'
import { expandHosts } from './ranges.ts'
import { variables } from './variables.ts'
import type { Vars } from './variables.ts'

/** A group as it stands in the file. */
export interface GroupEntry {
  readonly hosts?: Readonly<Record<string, Vars | null>> | null | undefined
  readonly children?: Readonly<Record<string, GroupEntry | null>> | null | undefined
  readonly vars?: Vars | null | undefined
}

const SECTIONS = ['hosts', 'children', 'vars']

const groupName = z.string().check((context) => {
  const name = context.value
  const fault = (message: string) => context.issues.push({ code: 'custom', input: name, message })
  if (SECTIONS.includes(name)) {
    fault(`"${name}:" belongs inside a group: indent it under "all:" or under a group's name`)
  } else if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name)) {
    fault(`"${name}" is not a group name: use letters, digits, "_", "-" and ".", and begin with a letter or digit`)
  }
})

const hostName = z.string().check((context) => {
  try {
    expandHosts(context.value)
  } catch (error) {
    context.issues.push({ code: 'custom', input: context.value, message: (error as Error).message })
  }
})

/** A single name stands for itself, as in Ansible: `hosts: web1`. */
const single = (value: unknown) => (typeof value === 'string' ? { [value]: null } : value)

const named = (section: string, example: string) => ({
  error: ({ input }: { readonly input: unknown }) =>
    Array.isArray(input)
      ? `${section} must not be a list: write "${example}:" with a colon in place of "- ${example}"`
      : `${section} must be names, each on a line of its own that ends in a colon, as in "${example}:"`,
})

const hosts = z.preprocess(single, z.record(hostName, variables('inventory host').nullable(), named('hosts', 'web1')))

const group: z.ZodType<GroupEntry> = z.lazy(() =>
  z.strictObject(
    {
      hosts: hosts.nullish(),
      children: z.preprocess(single, z.record(groupName, group.nullable(), named('children', 'web'))).nullish(),
      vars: variables('inventory group').nullish(),
    },
    { error: ({ code }) => (code === 'invalid_type' ? 'a group must hold hosts:, children: or vars:' : undefined) },
  ),
)

/** The inventory file: groups by name. */
export const inventoryFile = z.record(groupName, group.nullable(), {
  error: ({ input }) =>
    input === null
      ? 'there is nothing in this file: write "all:", under it "hosts:", and under that a line "name:" for each machine'
      : 'an inventory begins with the name of a group and a colon, as in "all:"',
})

/** A file in `group_vars/` or `host_vars/`. */
export const varsFile = variables('vars file').nullable()

/** What zod found, in the words of this project. */
export function toIssues(error: z.ZodError): Issue[] {
  return error.issues.flatMap((issue): Issue[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...issue.path, key], at: 'key', message: unknownKey(key) }))
    }
    if (issue.code === 'invalid_key') {
      return issue.issues.map(({ message }) => ({ path: issue.path, at: 'key', message }))
    }
    const at = issue.code === 'custom' && issue.params?.at === 'key' ? 'key' : 'value'
    return [{ path: issue.path, at, message: issue.message }]
  })
}

const unknownKey = (key: string) =>
  `a group has no "${key}": ` +
  (didYouMean(nearest(key, SECTIONS, 1, 2)) ??
    'it has only hosts, children and vars (variables go under "vars:", hosts under "hosts:", groups under "children:")')
