import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { attributesDenied, missingAccount } from '../support/attributes.ts'
import {
  absentPlan,
  directoryPlan,
  hardLinkPlan,
  linkPlan,
  plainPlan,
  presentPlan,
  touchPlan,
  type FileParams,
} from '../support/file-states.ts'
import {
  accountsOf,
  contentOf,
  directoryKey,
  emptyTree,
  entryAt,
  ownerAt,
  readsAt,
  setAttributes,
  setAttributesBelow,
  setDirectory,
  setNewDirectory,
  setTree,
  treeAt,
} from '../support/effects.ts'
import { attributes, targetPath, withoutSlash } from '../support/params.ts'
import type { OldMode } from '../support/symbolic-mode.ts'
import { entryProblem } from '../support/path-access.ts'
import { pathProbe, parsePathFacts, batchedPathFacts, type PathFacts, type PathQuery } from '../support/path-facts.ts'
import { findStray, modeSteps } from '../support/recursive-attributes.ts'
import { NEW_DIRECTORY, NEW_FILE, oldMode, resolveMode, type WithBits } from '../support/resolve-mode.ts'
import type { PredictedState } from '../module.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    path: targetPath,
    /**
     * `touch` creates an empty file, and keeps the times of an existing one. Without a state, an existing path gets its
     * attributes (with `recurse`: `directory`).
     */
    state: z.enum(['file', 'directory', 'absent', 'link', 'hard', 'touch']).optional(),
    /** Target of the link; of a hard link, an absolute path. */
    src: z.string().min(1).optional(),
    /** Set owner, group and mode recursively. */
    recurse: z.boolean().default(false),
    /** For links: replace an existing file, and allow a target that does not exist. */
    force: z.boolean().default(false),
    /** Apply owner and mode to the target of a link. With `state: link` they are those of the link. */
    follow: z.boolean().default(true),
    /** For `touch`: times are always preserved. */
    modification_time: z.literal('preserve').optional(),
    access_time: z.literal('preserve').optional(),
    ...attributes,
  })
  .refine(({ state, src }) => (state === 'link' || state === 'hard') === (src !== undefined), {
    error: "src and state: 'link' or 'hard' require each other",
    path: ['src'],
  })
  .refine(({ state, src }) => state !== 'hard' || src === undefined || src.startsWith('/'), {
    error: 'a hard link requires an absolute path',
    path: ['src'],
  })
  .refine(({ state, recurse }) => !recurse || state === undefined || state === 'directory', {
    error: "recurse requires state: 'directory'",
    path: ['recurse'],
  })
  .refine(({ state, mode }) => state !== 'link' || mode === undefined, {
    error: 'a link has no separate mode: set it on the target, in a task without state',
    path: ['mode'],
  })
  .refine(({ state, path }) => state !== 'absent' || path !== '/', { error: 'refusing to remove /', path: ['path'] })

type Params = z.output<typeof schema>

type BitParams = WithBits<Params>

const bare = (given: Params): Params => ({ ...given, path: withoutSlash(given.path) })

const stateOf = ({ state, recurse }: Omit<Params, 'mode'>): Params['state'] =>
  state ?? (recurse ? 'directory' : undefined)

const PLANS = {
  file: plainPlan,
  directory: directoryPlan,
  absent: absentPlan,
  link: linkPlan,
  hard: hardLinkPlan,
  touch: touchPlan,
} as const

/** Target of the link; relative to the link's own directory. */
const destination = ({ path, src = '' }: Params): string => posix.resolve(posix.dirname(path), src)

/** Depends on the state. `directory` creates missing parents, so it does not read them. */
const readsOf =
  (params: Params) =>
  (path: string): string[] => {
    if (params.recurse) return treeAt(path)
    switch (params.state) {
      case 'absent':
        return contentOf(path)
      case 'touch':
        return entryAt(path)
      case 'link':
        return [...entryAt(path), ...(params.force ? [] : contentOf(destination(params)))]
      case 'hard':
        return [...entryAt(path), ...contentOf(destination(params)), ...ownerAt(destination(params))]
      case 'directory':
      case 'file':
      case undefined:
        return [...contentOf(path), ...ownerAt(path)]
    }
  }

function setsOf(params: Params): string[] {
  const { path, recurse } = params
  switch (stateOf(params)) {
    case 'directory':
      return [...setNewDirectory(path), ...(recurse ? setAttributesBelow(path) : [])]
    case 'absent':
    case 'link':
    case 'touch':
      return setTree(path)
    // The attributes are also those of the target.
    case 'hard':
      return [...setTree(path), ...setAttributes(destination(params))]
    case 'file':
    case undefined:
      return setAttributes(path)
  }
}

function extraProbe(params: Params): string | undefined {
  if (params.state === 'link') return sh`[ -e ${destination(params)} ] || echo no-src`
  if (params.state === 'hard')
    return [
      sh`if [ -L ${destination(params)} ]; then echo link-src; elif [ ! -e ${destination(params)} ]; then echo no-src; fi`,
      sh`if [ -d ${destination(params)} ]; then echo directory-src; fi`,
      `if [ -d "$lb_p" ]; then echo directory-path; fi`,
      sh`[ ! "$lb_p" -ef ${destination(params)} ] || echo same-file`,
      ...(typeof params.mode === 'object' ? [sh`stat -c 'src-mode %f' -- ${destination(params)} 2>/dev/null`] : []),
    ].join('\n')
  return params.recurse ? findStray(params.path, params) : undefined
}

function pathQuery(params: Params): PathQuery {
  const { path, owner, group, state, follow } = params
  const follows = follow && state !== 'link' && state !== 'hard' && state !== 'absent'
  return {
    path,
    follow: follows,
    access: state === 'absent' ? 'remove' : 'change',
    ancestors: state === 'directory',
    owner,
    group,
    extraProbe: extraProbe(params),
  }
}

/** What a symbolic mode is relative to. */
function relativeTo(params: Params, facts: PathFacts): OldMode {
  if (stateOf(params) !== 'hard')
    return oldMode(facts, stateOf(params) === 'directory' ? NEW_DIRECTORY : NEW_FILE, params)
  const source = [...facts.words].find((word) => word.startsWith('src-mode '))?.slice('src-mode '.length)
  return { ...NEW_FILE, ...(source === undefined ? {} : { mode: Number.parseInt(source, 16) & 0o7777 }) }
}

/** The parameters with permission bits, and with what a symbolic mode changes below a directory. */
function resolve(given: Params, facts: PathFacts): (BitParams & Pick<FileParams, 'modeSteps'>) | string {
  const params = resolveMode(given, relativeTo(given, facts))
  if (typeof params === 'string' || !given.recurse || typeof given.mode !== 'object') return params
  const steps = modeSteps(given, facts)
  return typeof steps === 'string' ? steps : { ...params, modeSteps: steps }
}

/** Why the changes cannot succeed, as far as the probe knows. */
function deniedIn(params: BitParams, facts: PathFacts): string | undefined {
  const { path, state, src } = params
  const isReplaced =
    state === 'absent' || state === 'hard' || facts.kind === null || (state === 'link' && facts.target !== src)
  if (isReplaced) return entryProblem(path, facts)
  return params.recurse ? undefined : attributesDenied(path, facts, params)
}

/** Ansible finds no file at a path with a slash at its end, or follows the link there. */
const slashProblem = ({ path, state }: Params, { kind }: PathFacts): string | undefined =>
  withoutSlash(path) !== path && kind !== null && kind !== 'directory' && !(kind === 'link' && state === 'absent')
    ? `${path} is ${kind === 'link' ? 'a link' : 'no directory'}: write it without a slash at the end`
    : undefined

/** The new directories, if any user that creates them can write to them. */
function directoriesLeft(params: BitParams, { kind, missingLevels, realPath }: PathFacts): { leaves?: PredictedState } {
  const { path, owner, group, mode } = params
  const isWritable = owner === undefined && group === undefined && (mode === undefined || (mode & 0o300) === 0o300)
  if (stateOf(params) !== 'directory' || kind !== null || !isWritable || realPath !== undefined) return {}
  const keys = setDirectory(path, missingLevels).filter((key) => key.startsWith(directoryKey('')))
  return { leaves: { ...Object.fromEntries(keys.map((key) => [key, true])), ...emptyTree(path) } }
}

/** Manages files, directories and links, with their owner, group and mode. */
export const file = defineModule<typeof schema, { readonly path: string }>({
  name: 'file',
  schema,
  reads: (params) => [...readsOf(params)(bare(params).path), ...accountsOf(params)],
  sets: (params) => setsOf(bare(params)),
  title: (params) => `${bare(params).path}${stateOf(params) === undefined ? '' : ` ${stateOf(params)}`}`,
  probe: (params) => pathProbe(pathQuery(bare(params))),
  batchedFacts: (params) => batchedPathFacts(pathQuery(bare(params))),
  sideEffectFree: true,
  plan(given, observed) {
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${given.path}: ${facts}` }
    const wrong = slashProblem(given, facts)
    if (wrong !== undefined) return { changes: [], problem: wrong }
    const params = resolve(bare(given), facts)
    if (typeof params === 'string') return { changes: [], problem: `${given.path}: ${params}` }
    const state = stateOf(params)
    const missing = state === 'absent' ? undefined : missingAccount(facts, params)
    const planned = missing ?? (state === undefined ? presentPlan : PLANS[state])(params, facts)
    const denied = typeof planned === 'string' || planned.length === 0 ? undefined : deniedIn(params, facts)
    const outcome = denied ?? planned
    const reads = readsAt(facts, readsOf(given))
    return typeof outcome === 'string'
      ? { changes: [], problem: outcome, ...reads }
      : { changes: outcome, values: { path: params.path }, ...reads, ...directoriesLeft(params, facts) }
  },
})
