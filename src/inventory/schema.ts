import * as z from 'zod'
import type { YamlIssue } from './yaml-document.ts'
import { didYouMean, nearest } from '../text/suggest.ts'
import { expandHosts } from './host-ranges.ts'
import { variablesSchema } from './variables.ts'
import type { Vars } from './variables.ts'

/** A group entry of the inventory file. */
export interface GroupEntry {
  readonly hosts?: Readonly<Record<string, Vars | null>> | null | undefined
  readonly children?: Readonly<Record<string, GroupEntry | null>> | null | undefined
  readonly vars?: Vars | null | undefined
}

const SECTIONS = ['hosts', 'children', 'vars']

/** What is wrong with a group's name. */
export const groupNameProblem = (name: string): string | undefined =>
  /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name)
    ? undefined
    : `"${name}" is not a group name: use letters, digits, "_", "-" and ".", and start with a letter or digit`

/** What is wrong with a host's name, which may have ranges and a port. */
export function hostNameProblem(name: string): string | undefined {
  try {
    expandHosts(name)
    return undefined
  } catch (error) {
    return (error as RangeError).message
  }
}

const checked = (problemOf: (name: string) => string | undefined) =>
  z.string().check((context) => {
    const message = problemOf(context.value)
    if (message !== undefined) context.issues.push({ code: 'custom', input: context.value, message })
  })

const groupName = checked((name) =>
  SECTIONS.includes(name)
    ? `"${name}:" belongs inside a group: indent it under "all:" or under a group's name`
    : groupNameProblem(name),
)

const hostName = checked(hostNameProblem)

/** A single name may be a string, as in Ansible: `hosts: web1`. */
const single = (value: unknown) => (typeof value === 'string' ? { [value]: null } : value)

const named = (section: string, example: string) => ({
  error: ({ input }: { readonly input: unknown }) =>
    Array.isArray(input)
      ? `${section} must not be a list: write "${example}:" with a colon instead of "- ${example}"`
      : `${section} must be names, each on its own line, followed by a colon, as in "${example}:"`,
})

const hosts = z.preprocess(
  single,
  z.record(hostName, variablesSchema('inventory host').nullable(), named('hosts', 'web1')),
)

const group: z.ZodType<GroupEntry> = z.lazy(() =>
  z.strictObject(
    {
      hosts: hosts.nullish(),
      children: z.preprocess(single, z.record(groupName, group.nullable(), named('children', 'web'))).nullish(),
      vars: variablesSchema('inventory group').nullish(),
    },
    { error: ({ code }) => (code === 'invalid_type' ? 'a group must contain hosts:, children: or vars:' : undefined) },
  ),
)

/** The inventory file: groups by name. */
export const inventorySchema = z.record(groupName, group.nullable(), {
  error: ({ input }) =>
    input === null
      ? 'the file is empty: write "all:", under it "hosts:", and under that a line "name:" for each host'
      : 'an inventory starts with a group name and a colon, as in "all:"',
})

/** A file in `group_vars/` or `host_vars/`. */
export const varsFileSchema = variablesSchema('vars file').nullable()

/** Converts zod's issues, with our own messages. */
export function toIssues(error: z.ZodError): YamlIssue[] {
  return error.issues.flatMap((issue): YamlIssue[] => {
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
  `unknown key "${key}" in a group: ` +
  (didYouMean(nearest(key, SECTIONS, 1, 2)) ??
    'valid keys are hosts, children and vars (variables go under "vars:", hosts under "hosts:", groups under "children:")')
