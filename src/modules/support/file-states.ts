import { posix } from 'node:path'
import { quote, sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import { linkDryRun, removalDryRun } from './append-only.ts'
import { attributeChanges, describeAttributes } from './attributes.ts'
import { setAttributes, setAttributesBelow, setContent, setDirectory, setsAt, setTree } from './effects.ts'
import { allBits, octal, type Attributes } from './params.ts'
import type { PathFacts } from './path-facts.ts'
import { setRecursively, type ModeStep } from './recursive-attributes.ts'
import { changeOwner } from './replace-file.ts'

/** Parameters of the `file` module. */
export interface FileParams extends Attributes {
  readonly path: string
  readonly src?: string | undefined
  readonly recurse: boolean
  readonly force: boolean
  readonly follow: boolean
  /** What a symbolic mode changes below the directory, with `recurse`. */
  readonly modeSteps?: readonly ModeStep[] | undefined
}

/** The changes, or an error message. */
export type ChangesOrProblem = readonly Change[] | string

const suffix = (wanted: Attributes): string => {
  const text = describeAttributes(wanted)
  return text === '' ? '' : ` (${text})`
}

/** Sets attributes of an existing path. */
export const presentPlan = (wanted: FileParams, facts: PathFacts): ChangesOrProblem =>
  facts.kind === 'link' && wanted.follow
    ? `${wanted.path} is a dangling link to ${facts.target}`
    : facts.kind === null
      ? `${wanted.path} does not exist: create it with state: 'touch', state: 'directory', or the copy module`
      : attributeChanges(wanted.path, facts, wanted)

/** Sets attributes of an existing file. */
export const plainPlan = (wanted: FileParams, facts: PathFacts): ChangesOrProblem =>
  facts.kind === 'directory' || (facts.kind === 'link' && !wanted.follow)
    ? `${wanted.path} is a ${facts.kind}, not a file`
    : presentPlan(wanted, facts)

/** Removes a path. */
export function absentPlan({ path }: FileParams, facts: PathFacts): ChangesOrProblem {
  const { kind } = facts
  if (kind === null) return []
  const subject = kind === 'directory' ? `${path} and its contents` : kind === 'link' ? `link ${path}` : path
  const sets = setsAt(path, facts, kind === 'directory' || kind === 'link' ? setTree : setContent)
  return [
    { description: `remove ${subject}`, script: sh`rm -rf -- ${path} || exit`, dryRun: removalDryRun(path), sets },
  ]
}

/** Creates an empty file if nothing exists. */
export function touchPlan(wanted: FileParams, facts: PathFacts): ChangesOrProblem {
  const { path, owner, group, mode } = wanted
  if (facts.kind !== null) return presentPlan(wanted, facts)
  if (facts.noParent) return `directory ${posix.dirname(path)} does not exist`
  const steps = [sh`: >>${path} || exit`, ...attributeSteps(quote(path), owner, group, mode)]
  const sets = setsAt(path, facts, setContent)
  return [{ description: `create ${path}${suffix(wanted)}`, script: steps.join('\n'), sets }]
}

/** Creates a directory with its parents. New parents get the same owner and mode, as in Ansible. */
export function directoryPlan(wanted: FileParams, facts: PathFacts): ChangesOrProblem {
  const { path, owner, group, mode, recurse } = wanted
  if (facts.kind === null) {
    if (facts.blockedLevels !== undefined)
      return `${ancestors(path).at(-1 - facts.blockedLevels)} exists and is not a directory`
    const make = mode === undefined ? 'mkdir' : `mkdir -m ${allBits(mode)}`
    const steps = [
      `${make} -- "$lb_d" || exit`,
      ...changeOwner('"$lb_d"', owner, group).map((step) => `${step} || exit`),
    ]
    const script = sh`for lb_d in ${ancestors(path)}` + `; do [ -d "$lb_d" ] && continue; ${steps.join('; ')}; done`
    const sets = setsAt(path, facts, (it) => setDirectory(it, facts.missingLevels))
    return [{ description: `create directory ${path}${suffix(wanted)}`, script, sets }]
  }
  if (facts.kind !== 'directory') return `${path} exists and is not a directory`
  const isStray = facts.words.has('stray') || (wanted.modeSteps ?? []).some(({ isAfterChown }) => !isAfterChown)
  if (!recurse || !isStray) return attributeChanges(path, facts, wanted)
  const sets = setsAt(path, facts, (it) => [...setAttributes(it), ...setAttributesBelow(it)])
  return [
    {
      description: `set attributes recursively in ${path}${suffix(wanted)}`,
      script: setRecursively(path, wanted, wanted.modeSteps),
      sets,
    },
  ]
}

/** `/a/b/c` -> `/a`, `/a/b`, `/a/b/c`. */
const ancestors = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((_, i, names) => `/${names.slice(0, i + 1).join('/')}`)

/** Creates a symbolic link. */
export function linkPlan(wanted: FileParams, facts: PathFacts): ChangesOrProblem {
  const { path, src = '', owner, group, force } = wanted
  if (posix.resolve(posix.dirname(path), src) === path) return `${path} cannot be a link to itself`
  if (facts.noParent) return `directory ${posix.dirname(path)} does not exist`
  if (facts.words.has('no-src') && !force)
    return `link target ${src} does not exist: set force: true to create ${path} anyway`
  if (facts.kind === 'link' && facts.target === src) return attributeChanges(path, facts, wanted)
  if (facts.kind === 'directory') return `${path} is a directory and cannot be replaced by a link: remove it first`
  if (facts.kind !== null && facts.kind !== 'link' && !force)
    return `${path} exists and is not a link: set force: true to replace it`
  const steps = [
    sh`ln -s -f -n -- ${src} ${path} || exit`,
    ...changeOwner(quote(path), owner, group, ' -h').map((step) => `${step} || exit`),
  ]
  const description =
    facts.kind === 'link'
      ? `change link ${path} to ${src} (was ${facts.target})`
      : `${facts.kind === null ? 'create' : 'replace file by'} link ${path} to ${src}`
  return [{ description, script: steps.join('\n'), dryRun: linkDryRun(path), sets: setsAt(path, facts, setTree) }]
}

/** Creates a hard link. Its owner, group and mode are those of the target, too. */
export function hardLinkPlan(wanted: FileParams, facts: PathFacts): ChangesOrProblem {
  const { path, src = '', owner, group, mode, force } = wanted
  if (facts.words.has('no-src')) return `link target ${src} does not exist`
  if (facts.words.has('link-src')) return `link target ${src} is a symbolic link: name the file that it leads to`
  if (facts.words.has('directory-src')) return `link target ${src} is a directory, which cannot have a hard link`
  if (facts.noParent) return `directory ${posix.dirname(path)} does not exist`
  if (facts.kind === 'file' && facts.words.has('same-file')) return attributeChanges(path, facts, wanted)
  if (facts.kind === 'directory' || facts.words.has('directory-path'))
    return `${path} is a directory and cannot be replaced by a link: remove it first`
  // As in Ansible, a symbolic link is replaced without force.
  if (facts.kind !== null && facts.kind !== 'link' && !force)
    return `${path} exists and is not a hard link to ${src}: set force: true to replace it`
  const steps = [
    // ln of busybox removes what is there before it knows whether a link is possible.
    ...(facts.kind === null
      ? []
      : [sh`lb_new=${posix.dirname(path)}/.labbook.$$; ln -- ${src} "$lb_new" && rm -f -- "$lb_new" || exit`]),
    sh`ln -f -n -- ${src} ${path} || exit`,
    ...attributeSteps(quote(path), owner, group, mode),
  ]
  return [
    {
      description: `${facts.kind === null ? 'create' : `replace ${facts.kind === 'link' ? 'link' : 'file'} by`} hard link ${path} to ${src}${suffix(wanted)}`,
      script: steps.join('\n'),
      sets: [...setsAt(path, facts, setTree), ...setAttributes(src)],
    },
  ]
}

const attributeSteps = (target: string, owner?: string, group?: string, mode?: number): string[] => [
  ...changeOwner(target, owner, group).map((step) => `${step} || exit`),
  ...(mode === undefined ? [] : [`chmod ${octal(mode)} -- ${target} || exit`]),
]
