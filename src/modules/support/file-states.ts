import { posix } from 'node:path'
import { quote, sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import { attributeChanges, describeAttributes } from './attributes.ts'
import { setAttributes, setAttributesBelow, setContent, setDirectory, setsAt, setTree } from './effects.ts'
import { allBits, octal, type Attributes } from './params.ts'
import type { PathFacts } from './path-facts.ts'
import { takeIn } from './recurse.ts'
import { changeOwner } from './replace-file.ts'

/** What the `file` module is asked for. */
export interface FileParams extends Attributes {
  readonly path: string
  readonly src?: string | undefined
  readonly recurse: boolean
  readonly force: boolean
}

/** The changes; or, as a string, why it cannot be. */
export type Outcome = readonly Change[] | string

const suffix = (wanted: Attributes): string => {
  const text = describeAttributes(wanted)
  return text === '' ? '' : ` (${text})`
}

/** Attributes of what is there. */
export const presentPlan = (wanted: FileParams, facts: PathFacts): Outcome =>
  facts.kind === null
    ? `${wanted.path} is not there: to make it, take state: 'touch', state: 'directory', or the module copy`
    : attributeChanges(wanted.path, facts, wanted)

/** A file that is there, and is a file. */
export const plainPlan = (wanted: FileParams, facts: PathFacts): Outcome =>
  facts.kind === 'directory' ? `${wanted.path} is a directory, not a file` : presentPlan(wanted, facts)

/** Nothing is there. */
export function absentPlan({ path }: FileParams, facts: PathFacts): Outcome {
  const { kind } = facts
  if (kind === null) return []
  const what = kind === 'directory' ? `${path} and all that is in it` : kind === 'link' ? `the link ${path}` : path
  const sets = setsAt(path, facts, kind === 'directory' || kind === 'link' ? setTree : setContent)
  return [{ description: `remove ${what}`, script: sh`rm -rf -- ${path} || exit`, sets }]
}

/** An empty file, where nothing is. */
export function touchPlan(wanted: FileParams, facts: PathFacts): Outcome {
  const { path, owner, group, mode } = wanted
  if (facts.kind !== null) return attributeChanges(path, facts, wanted)
  if (facts.noParent) return `the folder ${posix.dirname(path)} is not there`
  const steps = [sh`: >>${path} || exit`, ...settle(quote(path), owner, group, mode)]
  const sets = setsAt(path, facts, setContent)
  return [{ description: `create ${path}${suffix(wanted)}`, script: steps.join('\n'), sets }]
}

/** A directory, its parents with it. New parents get the same owner and mode, as Ansible gives them. */
export function directoryPlan(wanted: FileParams, facts: PathFacts): Outcome {
  const { path, owner, group, mode, recurse } = wanted
  if (facts.kind === null) {
    if (facts.blocked !== undefined) return `${ancestors(path).at(-1 - facts.blocked)} is there and is not a directory`
    const make = mode === undefined ? 'mkdir' : `mkdir -m ${allBits(mode)}`
    const steps = [
      `${make} -- "$lb_d" || exit`,
      ...changeOwner('"$lb_d"', owner, group).map((step) => `${step} || exit`),
    ]
    const script = sh`for lb_d in ${ancestors(path)}` + `; do [ -d "$lb_d" ] && continue; ${steps.join('; ')}; done`
    const sets = setsAt(path, facts, (it) => setDirectory(it, facts.missing))
    return [{ description: `create directory ${path}${suffix(wanted)}`, script, sets }]
  }
  if (facts.kind !== 'directory') return `${path} is there and is not a directory`
  if (!recurse || !facts.words.has('stray')) return attributeChanges(path, facts, wanted)
  const sets = setsAt(path, facts, (it) => [...setAttributes(it), ...setAttributesBelow(it)])
  return [{ description: `give all in ${path} its attributes${suffix(wanted)}`, script: takeIn(path, wanted), sets }]
}

/** `/a/b/c` -> `/a`, `/a/b`, `/a/b/c`. */
const ancestors = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((_, i, names) => `/${names.slice(0, i + 1).join('/')}`)

/** A symbolic link. */
export function linkPlan(wanted: FileParams, facts: PathFacts): Outcome {
  const { path, src = '', owner, group, force } = wanted
  if (posix.resolve(posix.dirname(path), src) === path) return `${path} cannot be a link to itself`
  if (facts.noParent) return `the folder ${posix.dirname(path)} is not there`
  if (facts.words.has('no-src') && !force)
    return `${src} is not there for ${path} to point to; force: true makes the link all the same`
  if (facts.kind === 'link' && facts.target === src) return attributeChanges(path, facts, wanted)
  if (facts.kind === 'directory') return `${path} is a directory, so it cannot become a link: remove it first`
  if (facts.kind !== null && facts.kind !== 'link' && !force)
    return `${path} is there and is not a link; force: true replaces it`
  const steps = [
    sh`ln -s -f -n -- ${src} ${path} || exit`,
    ...changeOwner(quote(path), owner, group, ' -h').map((step) => `${step} || exit`),
  ]
  const description =
    facts.kind === 'link'
      ? `point ${path} to ${src} (was ${facts.target})`
      : `${facts.kind === null ? 'create link' : 'replace with a link'} ${path} to ${src}`
  return [{ description, script: steps.join('\n'), sets: setsAt(path, facts, setTree) }]
}

const settle = (target: string, owner?: string, group?: string, mode?: number): string[] => [
  ...changeOwner(target, owner, group).map((step) => `${step} || exit`),
  ...(mode === undefined ? [] : [`chmod ${octal(mode)} -- ${target} || exit`]),
]
