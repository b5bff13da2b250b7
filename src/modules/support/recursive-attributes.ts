import { sh } from '../../shell/quote.ts'
import { allBits, octal, type Attributes, type GivenAttributes } from './params.ts'
import type { PathFacts } from './path-facts.ts'
import { changeOwner } from './replace-file.ts'
import { afterChown, resolveMode } from './resolve-mode.ts'

/** Conditions of `find` for other attributes. A link has no mode. */
const conditions = ({ owner, group, mode }: GivenAttributes): string[] => [
  ...(owner === undefined ? [] : [sh`! -user ${owner}`]),
  ...(group === undefined ? [] : [sh`! -group ${group}`]),
  ...(typeof mode === 'number' ? [sh`! -type l ! -perm ${octal(mode)}`] : []),
]

/** A path that leads to the directory itself if the given one is a link to it. */
const inside = (directory: string): string => `${directory}/.`

/**
 * Prints `stray` if anything at or below a directory has other attributes, and for a symbolic mode the kinds and modes
 * of what is there. undefined if no attributes are set.
 */
export function findStray(directory: string, wanted: GivenAttributes): string | undefined {
  const path = inside(directory)
  const any = conditions(wanted).join(' -o ')
  const scripts = [
    ...(any === ''
      ? []
      : [sh`[ -z "$(find -H ${path} \\( ${{ raw: any }} \\) -print 2>/dev/null | head -n 1)" ] || echo stray`]),
    ...(typeof wanted.mode === 'object'
      ? [sh`find -H ${path} ! -type l -exec stat -c 'has %f' -- {} + 2>/dev/null | sort -u`]
      : []),
  ]
  return scripts.length === 0 ? undefined : scripts.join('\n')
}

/** Permission bits that a symbolic mode changes below a directory. */
export interface ModeStep {
  readonly isDirectory: boolean
  readonly from: number
  readonly to: number
  /** Only files whose owner was changed before may have the mode `from`. */
  readonly isAfterChown: boolean
}

/** The steps of a symbolic mode for the modes that {@link findStray} has found, or an error message. */
export function modeSteps({ mode, owner, group }: GivenAttributes, { words }: PathFacts): ModeStep[] | string {
  if (typeof mode !== 'object') return []
  const steps: ModeStep[] = []
  const isChown = owner !== undefined || group !== undefined
  for (const word of words) {
    if (!word.startsWith('has ')) continue
    const bits = Number.parseInt(word.slice('has '.length), 16)
    const isDirectory = bits >> 12 === 4
    const present = bits & 0o7777
    for (const from of isChown && !isDirectory ? [present, afterChown(present)] : [present]) {
      const resolved = resolveMode({ mode }, { mode: from, isDirectory })
      if (typeof resolved === 'string') return resolved
      if (resolved.mode === undefined || resolved.mode === from) continue
      steps.push({ isDirectory, from, to: resolved.mode, isAfterChown: from !== present })
    }
  }
  return steps
}

/**
 * Sets the attributes of everything at and below a directory. The bits that a step leaves are in front of no other. As
 * in Ansible, only what has another owner gets one: the kernel removes the setuid bit of a file whose owner is set.
 */
export function setRecursively(
  directory: string,
  { owner, group, mode }: Attributes,
  steps?: readonly ModeStep[],
): string {
  const path = inside(directory)
  const others = conditions({ owner, group })
  return [
    ...changeOwner('{} +', owner, group, ' -h').map(
      (step) => sh`find -H ${path} \\( ${{ raw: others.join(' -o ') }} \\) -exec ` + `${step} || exit`,
    ),
    ...(steps ?? []).map(
      ({ isDirectory, from, to }) =>
        sh`find -H ${path} ${isDirectory ? ['-type', 'd'] : ['!', '-type', 'd', '!', '-type', 'l']} -perm ${octal(from)} -exec chmod ${allBits(to)} -- {} + || exit`,
    ),
    ...(mode === undefined || steps !== undefined
      ? []
      : [sh`find -H ${path} ! -type l ! -perm ${octal(mode)} -exec chmod ${allBits(mode)} -- {} + || exit`]),
  ].join('\n')
}

/**
 * A command for `xargs -0` that acts on the paths with other attributes, and not below them; undefined if none are set.
 * @param action - of `find`
 */
export function eachStray(wanted: Attributes, action: string): string | undefined {
  const any = conditions(wanted).join(' -o ')
  return any === '' ? undefined : sh`-r sh -c ${`exec find "$@" -prune \\( ${any} \\) ${action}`} sh`
}
