import { sh } from '../../shell/quote.ts'
import type { Observed } from '../script-output.ts'
import { lastLine } from './text.ts'

/** What the plan of `mount` needs. */
export interface MountFacts {
  readonly isRoot: boolean
  /** Something exists at the mount point, and it is no directory. */
  readonly isFile: boolean
  readonly exists: boolean
  /** Where it is mounted from: the source, and the directory of a bind mount. undefined: it is not mounted. */
  readonly mounted: readonly string[] | undefined
  readonly hasFstab: boolean
  /** Owner and mode of fstab. */
  readonly attributes: { readonly uid: number; readonly gid: number; readonly mode: number } | undefined
  readonly fstab: string
}

/** A read-only script that prints whether a path is mounted, and the text of fstab. */
export const mountProbe = ({ path, fstab }: { readonly path: string; readonly fstab: string }): string =>
  [
    '[ "$(id -u)" != 0 ] || echo root',
    sh`if [ -d ${path} ]; then echo directory; elif [ -e ${path} ]; then echo file; fi`,
    sh`[ ! -f ${fstab} ] || stat -L -c 'fstab %u %g %a' -- ${fstab} || exit`,
    "sed 's/^/mount /' /proc/self/mountinfo || exit",
    sh`echo ${`path ${path}`}`,
    'echo content',
    sh`[ ! -f ${fstab} ] || cat -- ${fstab}`,
  ].join('\n')

/** In mountinfo, blanks and backslashes are octal. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

/** Parses the output of {@link mountProbe}; a string is an error message. */
export function parseMounts({ stdout, stderr, exitCode }: Observed): MountFacts | string {
  if (exitCode !== 0) return `cannot read the mounts of this host: ${lastLine(stderr)}`
  const at = stdout.indexOf('\ncontent\n')
  const lines = stdout.slice(0, at).split('\n')
  const words = new Set(lines)
  const path = lines.at(-1)?.slice('path '.length)
  const row = lines.map((line) => /^fstab(?: (\d+) (\d+) ([0-7]+))?$/.exec(line)).find((match) => match !== null)
  const mounts = lines
    .filter((line) => line.startsWith('mount '))
    .map((line) => {
      const fields = line.slice('mount '.length).split(' ')
      const separator = fields.indexOf('-')
      return {
        id: fields[0] ?? '',
        parent: fields[1] ?? '',
        root: unescaped(fields[3] ?? ''),
        point: unescaped(fields[4] ?? ''),
        source: unescaped(fields[separator + 2] ?? ''),
      }
    })
  const top = mounts.findLast(({ point }) => point === path)
  const directory =
    top &&
    sourceDirectory(
      top,
      mounts.find(({ id }) => id === top.parent),
    )
  return {
    isRoot: words.has('root'),
    isFile: words.has('file'),
    exists: words.has('file') || words.has('directory'),
    mounted: top && [top.source, ...(directory === undefined ? [] : [directory])],
    hasFstab: row !== undefined,
    attributes:
      row?.[3] === undefined
        ? undefined
        : { uid: Number(row[1]), gid: Number(row[2]), mode: Number.parseInt(row[3], 8) },
    fstab: stdout.slice(at + '\ncontent\n'.length),
  }
}

interface Mount {
  readonly root: string
  readonly point: string
}

/** The directory of a bind mount, in the file system that its parent has mounted. */
function sourceDirectory({ root }: Mount, parent: Mount | undefined): string | undefined {
  if (parent === undefined) return undefined
  const below = parent.root.length > 1 && root.startsWith(`${parent.root}/`) ? root.slice(parent.root.length) : root
  return parent.point === '/' ? below : `${parent.point}${below}`
}
