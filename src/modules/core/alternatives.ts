import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import { contentOf, setContent } from '../support/effects.ts'
import { targetFile } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const linkName = z.string().regex(/^[^\s/-][^\s/]*$/, { error: 'must be the name of a link group, such as editor' })

const subcommand = z.strictObject({ name: linkName, link: targetFile, path: targetFile })

const schema = z.strictObject(
  {
    /** The link group: `editor`, `java`. */
    name: linkName,
    /** What the link leads to. */
    path: targetFile,
    /** The link, such as `/usr/bin/editor`. Required for a group that does not exist yet. */
    link: targetFile.optional(),
    /** Priority in automatic mode. Default for a new alternative: 50. */
    priority: z.int().optional(),
    /**
     * `present`: the alternative exists. `selected`: the link leads to it. `auto`: the group is in automatic mode.
     * `absent`: the alternative is removed.
     */
    state: z.enum(['present', 'selected', 'auto', 'absent']).default('selected'),
    /** Links that follow this one, such as that of the manual page. */
    subcommands: z.array(subcommand).optional(),
  },
  {
    error: refusing({
      family: "it is an option of Red Hat's alternatives, which Debian does not have",
      slaves: 'write subcommands',
    }),
  },
)

type Params = z.output<typeof schema>
type Subcommand = z.output<typeof subcommand>

interface Alternative {
  readonly priority: number
  readonly subcommands: readonly Subcommand[]
}

/** A link group. */
interface LinkGroup {
  readonly link: string | undefined
  readonly isManual: boolean
  readonly current: string | undefined
  readonly alternatives: ReadonlyMap<string, Alternative>
}

const DEFAULT_PRIORITY = 50
const recordOf = (name: string): string => `/var/lib/dpkg/alternatives/${name}`
const linkOf = (name: string): string => `/etc/alternatives/${name}`

/** Manages the links of `update-alternatives`: which editor, which Java. */
export const alternatives = defineModule<typeof schema, Record<string, never>>({
  name: 'alternatives',
  schema,
  title: ({ name, path }) => `${name} -> ${path}`,
  reads: ({ name, path }) => [...contentOf(recordOf(name)), ...contentOf(linkOf(name)), ...contentOf(path)],
  // Only the host knows the link of a group that exists.
  sets: ({ name, link, subcommands }) =>
    link === undefined || subcommands === undefined
      ? undefined
      : [link, recordOf(name), linkOf(name), ...subcommands.flatMap((it) => [it.link, linkOf(it.name)])].flatMap(
          setContent,
        ),
  probe: ({ name, path }) =>
    [
      'command -v update-alternatives >/dev/null || exit 127',
      sh`[ -e ${path} ] || echo no-path`,
      '[ -w /etc ] || echo not-writable',
      sh`LC_ALL=C update-alternatives --query ${name} 2>/dev/null || echo no-group`,
    ].join('\n'),
  plan(params, { stdout, stderr, exitCode }): Plan<Record<string, never>> {
    if (exitCode === 127)
      return { changes: [], problem: 'update-alternatives not found: it is a part of dpkg, or of chkconfig' }
    if (exitCode !== 0) return { changes: [], problem: lastLine(stderr) || 'update-alternatives failed' }
    const words = new Set(stdout.split('\n'))
    const group = parseGroup(stdout)
    const { name, path, state } = params
    if (state === 'absent' && !group.alternatives.has(path)) return { changes: [] }
    const planned = state === 'absent' ? [removal(params)] : changesFor(params, group, words.has('no-path'))
    if (typeof planned === 'string') return { changes: [], problem: planned }
    if (planned.length > 0 && words.has('not-writable'))
      return { changes: [], problem: `alternatives of ${name} can only be changed as root (become: true)` }
    return { changes: planned }
  },
})

function changesFor(params: Params, group: LinkGroup, isMissing: boolean): Change[] | string {
  const { name, path, state } = params
  const existing = group.alternatives.get(path)
  const { priority = existing?.priority ?? DEFAULT_PRIORITY, subcommands = existing?.subcommands ?? [] } = params
  const changes: Change[] = []
  if (existing?.priority !== priority || !sameSubcommands(existing.subcommands, subcommands)) {
    const { link = group.link } = params
    if (isMissing) return `${path} does not exist on this host`
    if (link === undefined) return `link group "${name}" does not exist: set link, the path of its link`
    const slaves = subcommands.flatMap((each) => ['--slave', each.link, each.name, each.path])
    changes.push({
      description: `install alternative ${path} of ${name} with priority ${priority}${existing === undefined ? '' : ` (was ${existing.priority})`}`,
      script: sh`update-alternatives --quiet --install ${link} ${name} ${path} ${priority} ${slaves} || exit`,
    })
  }
  const was = group.current === undefined ? '' : ` (was ${group.current})`
  // In automatic mode, a lower priority may select another alternative.
  const rivals = [...group.alternatives].filter(([each]) => each !== path).map(([, each]) => each.priority)
  const isDeselected = changes.length > 0 && !group.isManual && rivals.some((other) => other >= priority)
  if (state === 'selected' && (group.current !== path || isDeselected))
    changes.push({
      description: `select ${path} for ${name}${was}`,
      script: sh`update-alternatives --quiet --set ${name} ${path} || exit`,
    })
  if (state === 'auto' && group.isManual)
    changes.push({
      description: `set ${name} to automatic mode${was}`,
      script: sh`update-alternatives --quiet --auto ${name} || exit`,
    })
  return changes
}

const removal = ({ name, path }: Params): Change => ({
  description: `remove alternative ${path} of ${name}`,
  script: sh`update-alternatives --quiet --remove ${name} ${path} || exit`,
})

const sorted = (all: readonly Subcommand[]): string =>
  all
    .map(({ name, link, path }) => `${name}\t${link}\t${path}`)
    .sort()
    .join('\n')
const sameSubcommands = (a: readonly Subcommand[], b: readonly Subcommand[]): boolean => sorted(a) === sorted(b)

/** Parses the output of `update-alternatives --query`. */
function parseGroup(stdout: string): LinkGroup {
  const [head = '', ...blocks] = stdout.split('\n\n')
  const field = (text: string, key: string): string | undefined => new RegExp(`^${key}: (.*)$`, 'm').exec(text)?.[1]
  const slaves = (text: string): Map<string, string> =>
    new Map([...text.matchAll(/^ (\S+) (.+)$/gm)].map(([, name = '', path = '']) => [name, path]))
  const links = slaves(head)
  const alternatives = new Map<string, Alternative>()
  for (const block of blocks) {
    const path = field(block, 'Alternative')
    if (path === undefined) continue
    const subcommands = [...slaves(block)].map(([name, to]) => ({ name, path: to, link: links.get(name) ?? '' }))
    alternatives.set(path, { priority: Number(field(block, 'Priority')), subcommands })
  }
  const current = field(head, 'Value')
  return {
    link: field(head, 'Link'),
    isManual: field(head, 'Status') === 'manual',
    current: current === 'none' ? undefined : current,
    alternatives,
  }
}
