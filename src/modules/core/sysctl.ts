import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import { printBytes, sha256 } from '../support/file-content.ts'
import { entryAt, readsAt, setContent, setsAt } from '../support/effects.ts'
import { editLines } from '../support/file-lines.ts'
import { targetFile } from '../support/params.ts'
import { entryProblem } from '../support/path-access.ts'
import { pathProbe, parsePathFacts, type PathFacts } from '../support/path-facts.ts'
import { isOrBecomesPrivate, obstacle, textProblem } from '../support/place-file.ts'
import { guardedReplacement } from '../support/replace-file.ts'
import { defineModule } from '../task.ts'

const LIMIT = 1024 * 1024

/** Values that Ansible writes as 1 or 0. */
const SWITCH: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['true', 'yes', 'on', 'y', 't', '1.0'].map((word) => [word, '1'])),
  ...Object.fromEntries(['false', 'no', 'off', 'n', 'f', '0.0'].map((word) => [word, '0'])),
}

const schema = z
  .strictObject({
    /** `net.ipv4.ip_forward`; with slashes if a component contains a dot: `net/ipv4/conf/eth0.1/forwarding`. */
    name: z
      .string()
      .regex(/^[A-Za-z0-9_*:@-]+([./][A-Za-z0-9_*:@.-]+)+$/, { error: 'must be a name such as net.ipv4.ip_forward' })
      .refine((name) => !/(^|\/)\.\.?(\/|$)/.test(name) && !name.includes('..'), {
        error: 'must be a name such as net.ipv4.ip_forward',
      }),
    value: z
      .union([z.string().regex(/^[^\n\0]+$/), z.number(), z.boolean()], { error: 'must be text or a number' })
      .transform((value) => SWITCH[String(value).trim().toLowerCase()] ?? String(value))
      .optional(),
    state: z.enum(['present', 'absent']).default('present'),
    /** File that keeps the setting for the next boot. The line is written as `name = value`. */
    sysctl_file: targetFile.default('/etc/sysctl.conf'),
    /** Also set it in the running kernel. */
    reload: z.boolean().default(true),
    /** Do not fail if the kernel lacks the parameter: it is only written to the file. */
    ignoreerrors: z.boolean().default(false),
  })
  .refine(({ state, value }) => state === 'absent' || value !== undefined, {
    error: 'value is required',
    path: ['value'],
  })

type Params = z.output<typeof schema>

const kernelPath = (name: string): string => `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`

/** The kernel separates values by tabs, people by spaces. */
const plain = (value: string): string => value.trim().replaceAll(/\s+/g, ' ')

/** The kernel takes `0x2000` and `020000`, and shows 8192. */
const decimal = (value: string): string =>
  plain(value).replaceAll(/(?<=^|\s)0(?:x[0-9a-f]+|[0-7]+)(?=\s|$)/gi, (number) =>
    String(Number(/^0x/i.test(number) ? number : `0o${number.slice(1)}`)),
  )

/** A name may be written with dots or with slashes. */
const lineOf = (name: string): string => `^\\s*-?\\s*${name.replaceAll('*', '\\*').replaceAll(/[./]/g, '[./]')}\\s*=`

/** Parameters that the kernel changes together, and what else is then set. */
const COUPLED: readonly (readonly [which: RegExp, sets: readonly string[]])[] = [
  [/^net\/ipv4\/ip_forward$/, ['/proc/sys/net/ipv4/conf/']],
  [/^net\/ipv4\/conf\//, ['/proc/sys/net/ipv4/conf/', '/proc/sys/net/ipv4/ip_forward']],
  [/^net\/ipv6\/conf\//, ['/proc/sys/net/ipv6/conf/']],
  [/^vm\/(dirty_|overcommit_)/, ['/proc/sys/vm/']],
]

function kernelSets(name: string): string[] {
  const path = kernelPath(name)
  const coupled = COUPLED.find(([which]) => which.test(path.slice('/proc/sys/'.length)))
  return [path, ...(coupled?.[1] ?? [])]
}

/** Sets a kernel parameter, in the running kernel and for the next boot. */
export const sysctl = defineModule<typeof schema, { readonly name: string; readonly value: string }>({
  name: 'sysctl',
  schema,
  reads: ({ name, sysctl_file }) => [...entryAt(sysctl_file), kernelPath(name)],
  sets: ({ name, sysctl_file }) => [...setContent(sysctl_file), ...kernelSets(name)],
  title: ({ name, value, state }) => (state === 'absent' ? `${name} absent` : `${name} = ${value}`),
  probe({ name, sysctl_file }) {
    const path = kernelPath(name)
    // Not the builtin read: dash reads byte by byte, and the kernel returns a number only to the first read.
    const also = [
      sh`if [ -r ${path} ] && lb_live=$(cat <${path}); then printf 'live=%s\\n' "$lb_live"`,
      sh`elif ! [ -e ${path} ]; then echo no-key; fi`,
      sh`! [ -e ${path} ] || [ -w ${path} ] || echo no-write`,
    ].join('\n')
    return pathProbe({ path: sysctl_file, follow: true, access: 'change', extraProbe: also, read: { text: LIMIT } })
  },
  printsFiles: true,
  plan(params, observed) {
    const { name, value = '', state, sysctl_file, reload, ignoreerrors } = params
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${sysctl_file}: ${facts}` }
    const problem =
      obstacle(sysctl_file, facts) ??
      textProblem(sysctl_file, facts, LIMIT) ??
      (state === 'present' && reload && !ignoreerrors && facts.words.has('no-key')
        ? `the kernel has no parameter ${name}: is its module loaded?`
        : undefined)
    const reads = { confidential: isOrBecomesPrivate(facts), ...readsAt(facts, entryAt) }
    if (problem !== undefined) return { changes: [], problem, ...reads }
    const live = [...facts.words].find((word) => word.startsWith('live='))?.slice('live='.length)
    const fileChanges = fileChange(params, facts)
    const denied = fileChanges.length === 0 ? undefined : entryProblem(sysctl_file, facts)
    if (denied !== undefined) return { changes: [], problem: denied, ...reads }
    const setsKernel =
      state === 'present' && reload && !facts.words.has('no-key') && decimal(live ?? '') !== decimal(value)
    if (setsKernel && facts.words.has('no-write'))
      return {
        changes: [],
        problem: `cannot write ${kernelPath(name)} on this host: only root can (become: true)`,
        ...reads,
      }
    return {
      changes: [
        ...fileChanges,
        ...(setsKernel
          ? [
              {
                description: `set ${name} to ${value}${live === undefined ? '' : ` (was ${plain(live)})`}`,
                sets: kernelSets(name),
                script: sh`printf '%s\\n' ${value} >${kernelPath(name)} || { echo 'the kernel rejected the value' >&2; exit 1; }`,
              },
            ]
          : []),
      ],
      values: { name, value: plain(live ?? '') },
      ...reads,
    }
  },
})

/** The change of the file, if its value differs. */
function fileChange({ name, value = '', state, sysctl_file }: Params, facts: PathFacts): Change[] {
  const before = facts.content ?? ''
  const pattern = new RegExp(`${lineOf(name)}(.*)$`)
  const stored = before
    .split('\n')
    .map((line) => pattern.exec(line)?.[1])
    .filter((found) => found !== undefined)
    .at(-1)
  if (state === 'absent' ? stored === undefined : stored !== undefined && plain(stored) === plain(value)) return []
  const after = editLines(before, { state, line: `${name} = ${value}`, regexp: lineOf(name), backrefs: false })
  const exists = facts.kind !== null
  return [
    {
      description:
        state === 'absent' ? `remove ${name} from ${sysctl_file}` : `set ${name} = ${value} in ${sysctl_file}`,
      ...guardedReplacement({
        path: sysctl_file,
        fill: `${printBytes(Buffer.from(after))} >&8`,
        size: Buffer.byteLength(after),
        madeFrom: exists ? sha256(before) : null,
        ...(exists ? { old: facts } : { mode: 0o644 }),
        followLink: true,
      }),
      diff: isOrBecomesPrivate(facts)
        ? { subject: sysctl_file, before: '[REDACTED]\n', after: '[REDACTED]\n' }
        : { subject: sysctl_file, before, after },
      sets: setsAt(sysctl_file, facts, setContent),
    },
  ]
}
