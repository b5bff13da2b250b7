import { z } from 'zod'
import { sh } from '../shell/quote.ts'
import type { Change } from './module.ts'
import { entryOf, groupEntry, NO_TOOLS, type GroupEntry } from './support/accounts.ts'
import { account } from './support/params.ts'
import { lastLine } from './support/text.ts'
import { defineModule } from './task.ts'

const schema = z.strictObject({
  name: account,
  gid: z.number().int().nonnegative().optional(),
  /** Takes the number, where none is given, from those for system groups. */
  system: z.boolean().default(false),
  state: z.enum(['present', 'absent']).default('present'),
})

export interface GroupValues {
  readonly name: string
  readonly gid?: number
}

/** A group of the host. */
export const group = defineModule<typeof schema, GroupValues>({
  name: 'group',
  schema,
  title: ({ name, state }) => (state === 'absent' ? `no ${name}` : name),
  probe: ({ name, gid }) =>
    [
      sh`lb_n=$(${{ raw: entryOf('group', name) }}) && printf 'name %s\\n' "$lb_n"`,
      ...(gid === undefined
        ? []
        : [sh`lb_n=$(${{ raw: entryOf('group', String(gid)) }}) && printf 'gid %s\\n' "$lb_n"`]),
      'command -v groupadd >/dev/null || echo no-tools',
      ':',
    ].join('\n'),
  plan({ name, gid, system, state }, { stdout, stderr, exitCode }) {
    if (exitCode !== 0) return { changes: [], problem: `cannot look up group ${name}: ${lastLine(stderr)}` }
    const { there, holder, tools } = parse(stdout)
    const change = (description: string, script: string): { changes: Change[] } => ({
      changes: [{ description, script: `${script} || exit` }],
    })
    const done = { changes: [], values: { name, ...(there === undefined ? {} : { gid: there.gid }) } }
    if (state === 'absent' ? there === undefined : there !== undefined && (gid === undefined || gid === there.gid))
      return done
    if (!tools) return { changes: [], problem: NO_TOOLS }
    if (state === 'absent') return change(`remove group ${name}`, sh`groupdel ${name}`)
    if (holder !== undefined)
      return { changes: [], problem: `gid ${gid} belongs to the group ${holder.name}, so ${name} cannot have it` }
    if (there !== undefined)
      return change(
        `change the gid of group ${name} to ${gid} (was ${there.gid})`,
        sh`groupmod -g ${String(gid)} ${name}`,
      )
    const flags = [...(gid === undefined ? [] : ['-g', String(gid)]), ...(system ? ['-r'] : [])]
    return change(`create group ${name}${gid === undefined ? '' : ` (gid ${gid})`}`, sh`groupadd ${[...flags, name]}`)
  },
})

/** The group of this name, and the one that has the number. */
function parse(stdout: string): { there: GroupEntry | undefined; holder: GroupEntry | undefined; tools: boolean } {
  const lines = stdout.split('\n')
  const entry = (word: string): GroupEntry | undefined =>
    lines.filter((line) => line.startsWith(word)).map((line) => groupEntry(line.slice(word.length)))[0]
  return { there: entry('name '), holder: entry('gid '), tools: !lines.includes('no-tools') }
}
