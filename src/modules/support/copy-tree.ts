import { posix } from 'node:path'
import type { FactQuery } from '../../shell/fact-queries.ts'
import type { Change, EarlierState, Inputs, Plan, PredictedState, TreeEntry } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { attributesDenied, missingAccount } from './attributes.ts'
import { directoryKey, treeAt } from './effects.ts'
import { sha256 } from './file-content.ts'
import { directoryPlan, linkPlan, type ChangesOrProblem } from './file-states.ts'
import { withoutSlash, type GivenAttributes, type Mode } from './params.ts'
import { entryProblem } from './path-access.ts'
import { batchedPathFacts, parsePathFacts, pathProbe, type PathFacts, type PathQuery } from './path-facts.ts'
import { planPlacement, withParent } from './place-file.ts'
import { NEW_DIRECTORY, oldMode, resolveMode } from './resolve-mode.ts'
import { separateOutputs, severalProbes } from './several-probes.ts'

/** A directory of the controller to copy. */
export interface TreeCopy extends Omit<GivenAttributes, 'mode'> {
  readonly src: string
  readonly dest: string
  readonly mode?: Mode | 'preserve' | undefined
  /** Mode of directories. As in Ansible, that of `dest` itself only if it is new. */
  readonly directory_mode?: Mode | undefined
  readonly force: boolean
  readonly follow: boolean
  readonly backup: boolean
  readonly validate?: string | undefined
}

/** The desired entry at a path of the host. */
interface Item extends Omit<TreeEntry, 'path'> {
  readonly path: string
  /** The directory that everything is put into. */
  readonly isTop: boolean
  readonly content: Buffer
}

/** The entries of the source, as {@link InputTree} reads them. Empty: there are none. */
export const entriesIn = (inputs: Inputs): TreeEntry[] => {
  const text = inputs['src:entries']
  return text === undefined ? [] : (JSON.parse(text.toString('utf8')) as TreeEntry[])
}

/** Where the entries are put: with a slash after `src` in `dest`, otherwise in a directory of the same name there. */
export const topOf = ({ src, dest }: Pick<TreeCopy, 'src' | 'dest'>): string =>
  withoutSlash(posix.join(dest, /(^|\/)\.?$/.test(src) ? '' : posix.basename(src)))

/** As in Ansible, none if the source is empty. */
function itemsOf(params: TreeCopy, inputs: Inputs): Item[] {
  const entries = entriesIn(inputs)
  const top = topOf(params)
  return entries.length <= 1
    ? []
    : entries.map((entry) => ({
        ...entry,
        path: posix.join(top, entry.path),
        isTop: entry.path === '',
        content: inputs[`src/${entry.path}`] ?? Buffer.alloc(0),
      }))
}

const hasDirectories = (items: readonly Item[]): boolean =>
  items.some(({ kind, isTop }) => kind === 'directory' && !isTop)

function queriesOf(params: TreeCopy, items: readonly Item[]): PathQuery[] {
  const { owner, group } = params
  const follow = params.follow && !hasDirectories(items)
  return items.map(({ path, kind, content }) => ({
    path,
    owner,
    group,
    access: 'change',
    ...(kind === 'directory' ? { follow: true, ancestors: true } : {}),
    ...(kind === 'file' ? { follow, read: { size: content.length, sha256: sha256(content) } } : {}),
  }))
}

/** A probe of every path. */
export const treeProbe = (params: TreeCopy, inputs: Inputs): string =>
  severalProbes(queriesOf(params, itemsOf(params, inputs)).map(pathProbe)) || ':'

/** The facts that {@link treeProbe} can receive. */
export const batchedTreeFacts = (params: TreeCopy, inputs: Inputs): FactQuery[] =>
  queriesOf(params, itemsOf(params, inputs)).flatMap(batchedPathFacts)

/**
 * Plans the changes that copy the directory.
 * @param isTopThere - whether the directory that everything is put into will exist, although the probe has found none
 */
export function planTree(
  params: TreeCopy,
  observed: Observed,
  inputs: Inputs,
  isTopThere = false,
): Plan<{ readonly dest: string }> {
  const items = itemsOf(params, inputs)
  const outputs = items.length === 0 ? new Map<string, Observed>() : separateOutputs(observed)
  if (typeof outputs === 'string') return { changes: [], problem: outputs }
  const reads = treeAt(topOf(params))
  const changes: Change[] = []
  const leaves: Record<string, unknown> = {}
  let confidential = false
  for (const [place, item] of items.entries()) {
    const found = outputs.get(String(place))
    if (found === undefined) return { changes: [], problem: `the probe printed nothing about ${item.path}`, reads }
    if (item.isTop && isTopThere) continue
    const plan = item.kind === 'file' ? planFile(params, items, item, found) : planOther(params, item, found)
    if (plan.problem !== undefined) return { changes: [], problem: plan.problem, reads }
    changes.push(...plan.changes)
    Object.assign(leaves, plan.leaves)
    confidential ||= plan.confidential === true
  }
  return { changes, values: { dest: posix.join(params.dest, '/') }, leaves, reads, confidential }
}

/** The plan once earlier tasks have created directories above the entries; undefined if they changed more. */
export function planTreeAfter(
  params: TreeCopy,
  observed: Observed,
  { changed }: EarlierState,
  inputs: Inputs,
): Plan<{ readonly dest: string }> | undefined {
  const top = topOf(params)
  const isAbove = ([key, value]: [string, unknown]): boolean => {
    const path = key.slice(directoryKey('').length)
    return key === directoryKey(path) && value === true && `${top}/`.startsWith(path === '/' ? path : `${path}/`)
  }
  if (!Object.entries(changed).every(isAbove)) return undefined
  return planTree(params, observed, inputs, changed[directoryKey(top)] === true)
}

function planFile(params: TreeCopy, items: readonly Item[], item: Item, observed: Observed): Plan<unknown> {
  const { owner, group, force, backup, validate } = params
  return planPlacement(
    {
      dest: item.path,
      content: item.content,
      confidential: false,
      owner,
      group,
      mode: params.mode === 'preserve' ? item.mode : params.mode,
      force,
      follow: params.follow && !hasDirectories(items),
      backup,
      validate,
    },
    withParent(observed),
  )
}

function planOther(params: TreeCopy, item: Item, observed: Observed): Plan<unknown> {
  const { path } = item
  const facts = parsePathFacts(item.kind === 'link' ? withParent(observed) : observed)
  if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${path}: ${facts}` }
  const outcome = missingAccount(facts, params) ?? planEntry(params, item, facts)
  if (typeof outcome === 'string') return { changes: [], problem: outcome }
  return { changes: outcome, leaves: directoryLeft(params, item, facts) }
}

function planEntry(params: TreeCopy, { path, kind, target, isTop }: Item, facts: PathFacts): ChangesOrProblem {
  const { owner, group, directory_mode: mode } = params
  const rest = { path, owner, group, recurse: false }
  if (kind === 'link') {
    const isReplaced = facts.kind !== 'link' || facts.target !== target
    const denied = isReplaced ? entryProblem(path, facts) : attributesDenied(path, facts, { owner, group })
    return denied ?? linkPlan({ ...rest, src: target, force: true, follow: false }, facts)
  }
  if (isTop && facts.kind === 'directory') return []
  const wanted = resolveMode({ ...rest, mode, force: false, follow: true }, oldMode(facts, NEW_DIRECTORY, rest))
  if (typeof wanted === 'string') return `${path}: ${wanted}`
  const denied = facts.kind === null ? entryProblem(path, facts) : attributesDenied(path, facts, wanted)
  return denied ?? directoryPlan(wanted, facts)
}

/** A new directory that any user who creates it can write to. */
const directoryLeft = (params: TreeCopy, { path, kind }: Item, facts: PathFacts): PredictedState => {
  const isPlain = params.owner === undefined && params.group === undefined && params.directory_mode === undefined
  return kind === 'directory' && facts.kind === null && facts.realPath === undefined && isPlain
    ? { [directoryKey(path)]: true }
    : {}
}
