import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import {
  allEntries,
  findEntry,
  groupEntry,
  NO_TOOLS,
  NOT_WRITABLE,
  WRITABLE,
  batchedEntry,
  userEntry,
  type GroupEntry,
  type UserEntry,
} from '../support/accounts.ts'
import { NUMBERS, PRIMARY_GROUPS, setAccount } from '../support/effects.ts'
import { newAccount } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  name: newAccount,
  gid: z.number().int().nonnegative().optional(),
  /** Without a gid, choose one from the system range. */
  system: z.boolean().default(false),
  state: z.enum(['present', 'absent']).default('present'),
})

export interface GroupValues {
  readonly name: string
  readonly gid?: number
}

/** The gid of a group that is created without one cannot be predicted. */
const ANY_GID = 'gid:any'
const gidKey = (gid: number | undefined): string => (gid === undefined ? ANY_GID : `gid:${gid}`)

/** Manages groups. */
export const group = defineModule<typeof schema, GroupValues>({
  name: 'group',
  schema,
  reads: ({ name, gid, state }) => [
    `group:${name}`,
    '/etc/group',
    ...(gid === undefined ? [] : [gidKey(gid), ANY_GID]),
    ...(state === 'absent' ? [PRIMARY_GROUPS] : []),
  ],
  sets: ({ name, gid }) => setAccount(`group:${name}`, gidKey(gid), ANY_GID, NUMBERS),
  title: ({ name, state }) => (state === 'absent' ? `${name} absent` : name),
  probe: ({ name, gid, state }) =>
    [
      findEntry('lb_n', 'group', name),
      `[ -z "$lb_n" ] || printf 'name %s\\n' "$lb_n"`,
      ...(gid === undefined
        ? []
        : [findEntry('lb_n', 'group', String(gid)), `[ -z "$lb_n" ] || printf 'gid %s\\n' "$lb_n"`]),
      ...(state === 'absent' ? [`{ ${allEntries('passwd')}; } | sed 's/^/passwd /'`] : []),
      'command -v groupadd >/dev/null || echo no-tools',
      WRITABLE,
      ':',
    ].join('\n'),
  batchedFacts: ({ name, gid }) =>
    [name, ...(gid === undefined ? [] : [String(gid)])].map((key) => batchedEntry('group', key)),
  sideEffectFree: true,
  plan({ name, gid, system, state }, { stdout, stderr, exitCode }) {
    if (exitCode !== 0) return { changes: [], problem: `cannot look up group ${name}: ${lastLine(stderr)}` }
    const { existing, holder, users, tools, writable } = parse(stdout)
    const change = (description: string, script: string, ...sets: string[]): { changes: Change[] } => ({
      changes: [{ description, script: `${script} || exit`, sets: setAccount(`group:${name}`, ...sets) }],
    })
    const done = { changes: [], values: { name, ...(existing === undefined ? {} : { gid: existing.gid }) } }
    if (
      state === 'absent'
        ? existing === undefined
        : existing !== undefined && (gid === undefined || gid === existing.gid)
    )
      return done
    if (!tools) return { changes: [], problem: NO_TOOLS }
    if (!writable) return { changes: [], problem: NOT_WRITABLE }
    const member = users.find((user) => user.gid === existing?.gid)
    if (state === 'absent' && member !== undefined)
      return {
        changes: [],
        problem: `"${name}" is the primary group of user "${member.name}": remove the user or change its primary group first`,
      }
    if (state === 'absent') return change(`remove group ${name}`, sh`groupdel ${name}`, gidKey(existing?.gid), NUMBERS)
    if (holder !== undefined) return { changes: [], problem: `gid ${gid} is already used by group "${holder.name}"` }
    if (existing !== undefined)
      return change(
        `change the gid of group ${name} to ${gid} (was ${existing.gid})`,
        sh`groupmod -g ${String(gid)} ${name}`,
        gidKey(gid),
        gidKey(existing.gid),
        NUMBERS,
      )
    const flags = [...(gid === undefined ? [] : ['-g', String(gid)]), ...(system ? ['-r'] : [])]
    return change(
      `create group ${name}${gid === undefined ? '' : ` (gid ${gid})`}`,
      sh`groupadd ${[...flags, name]}`,
      gidKey(gid),
    )
  },
})

interface GroupFacts {
  /** The group of this name. */
  readonly existing: GroupEntry | undefined
  /** The group with the requested gid. */
  readonly holder: GroupEntry | undefined
  /** All users, if the group will be removed. */
  readonly users: readonly UserEntry[]
  readonly tools: boolean
  readonly writable: boolean
}

function parse(stdout: string): GroupFacts {
  const lines = stdout.split('\n')
  const entry = (prefix: string): GroupEntry | undefined =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => groupEntry(line.slice(prefix.length)))[0]
  const users = lines
    .filter((line) => line.startsWith('passwd '))
    .map((line) => userEntry(line.slice('passwd '.length)))
  return {
    existing: entry('name '),
    holder: entry('gid '),
    users,
    tools: !lines.includes('no-tools'),
    writable: !lines.includes('not-writable'),
  }
}
