import { posix } from 'node:path'
import { z } from 'zod'
import { sh } from '../shell/quote.ts'
import { missingAccount } from './support/attributes.ts'
import { absentPlan, directoryPlan, linkPlan, plainPlan, presentPlan, touchPlan } from './support/file-states.ts'
import {
  accountsOf,
  contentOf,
  entryAt,
  ownerAt,
  readsAt,
  setAttributes,
  setAttributesBelow,
  setNewDirectory,
  setTree,
  treeAt,
} from './support/effects.ts'
import { attributes, targetFile } from './support/params.ts'
import { lookAt, parsePathFacts, sharedLook, type Look } from './support/path-facts.ts'
import { findStray } from './support/recurse.ts'
import { defineModule } from './task.ts'

const schema = z
  .strictObject({
    path: targetFile,
    /**
     * `touch` makes an empty file where none is; it leaves the times of one that is there. Without a state, what is
     * there gets its attributes (with `recurse`: `directory`).
     */
    state: z.enum(['file', 'directory', 'absent', 'link', 'touch']).optional(),
    /** What a link points to. */
    src: z.string().min(1).optional(),
    /** Gives everything below a directory the same owner, group and mode. */
    recurse: z.boolean().default(false),
    /** For links: replaces a file that is in the way, and allows a target that does not exist. */
    force: z.boolean().default(false),
    /** Owner and mode are those of what a link points to. */
    follow: z.boolean().default(true),
    /** For `touch`: as Ansible's. Times are always preserved here. */
    modification_time: z.literal('preserve').optional(),
    access_time: z.literal('preserve').optional(),
    ...attributes,
  })
  .refine(({ state, src }) => (state === 'link') === (src !== undefined), {
    error: "src and state: 'link' go together",
    path: ['src'],
  })
  .refine(({ state, recurse }) => !recurse || state === undefined || state === 'directory', {
    error: "recurse is for state: 'directory'",
    path: ['recurse'],
  })
  .refine(({ state, path }) => state !== 'absent' || path !== '/', { error: 'refuses to remove /', path: ['path'] })

type Params = z.output<typeof schema>

const stateOf = ({ state, recurse }: Params): Params['state'] => state ?? (recurse ? 'directory' : undefined)

const PLANS = {
  file: plainPlan,
  directory: directoryPlan,
  absent: absentPlan,
  link: linkPlan,
  touch: touchPlan,
} as const

/** Where a link leads: a relative one starts in the link's own folder. */
const destination = ({ path, src = '' }: Params): string => posix.resolve(posix.dirname(path), src)

/** What of a path counts. A directory comes with its parents, so theirs are of no concern to it. */
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
    case 'file':
    case undefined:
      return setAttributes(path)
  }
}

function also(params: Params): string | undefined {
  if (params.state === 'link') return sh`[ -e ${destination(params)} ] || echo no-src`
  return params.recurse ? findStray(params.path, params) : undefined
}

function look(params: Params): Look {
  const { path, owner, group, state, follow } = params
  const looksThrough = follow && state !== 'link' && state !== 'absent'
  return { path, follow: looksThrough, ancestors: state === 'directory', owner, group, also: also(params) }
}

/** Files, directories and links: that they are there or not, whose they are and who may use them. */
export const file = defineModule<typeof schema, { readonly path: string }>({
  name: 'file',
  schema,
  reads: (params) => [...readsOf(params)(params.path), ...accountsOf(params)],
  sets: setsOf,
  title: (params) => `${params.path}${stateOf(params) === undefined ? '' : ` ${stateOf(params)}`}`,
  probe: (params) => lookAt(look(params)),
  shares: (params) => sharedLook(look(params)),
  contained: true,
  plan(params, observed) {
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot look at ${params.path}: ${facts}` }
    const state = stateOf(params)
    const missing = state === 'absent' ? undefined : missingAccount(facts, params)
    const outcome = missing ?? (state === undefined ? presentPlan : PLANS[state])(params, facts)
    const reads = readsAt(facts, readsOf(params))
    return typeof outcome === 'string'
      ? { changes: [], problem: outcome, ...reads }
      : { changes: outcome, values: { path: params.path }, ...reads }
  },
})
