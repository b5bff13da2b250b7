import { posix } from 'node:path'
import type { Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { missingAccount } from './attributes.ts'
import { directoryPlan, type ChangesOrProblem } from './file-states.ts'
import type { GivenAttributes, Mode } from './params.ts'
import { parsePathFacts, type PathFacts } from './path-facts.ts'
import { planPlacement, withParent, type PlacedFile, type Placement } from './place-file.ts'
import { NEW_DIRECTORY, resolveMode } from './resolve-mode.ts'

/** Where a file is put: a `dest` that ends in a slash is a directory, which is created. */
export interface IntoDirectory extends Pick<GivenAttributes, 'owner' | 'group'> {
  readonly dest: string
  readonly directory_mode?: Mode | undefined
}

/**
 * The changes that create the missing directory of a file, or an error message; none if it exists.
 * @param facts - about the file, with its missing ancestors
 */
export function directoryCreation(
  { dest, owner, group, directory_mode }: IntoDirectory,
  facts: PathFacts,
): ChangesOrProblem {
  if (!dest.endsWith('/') || !facts.noParent) return []
  const path = posix.join(dest, '.').replace(/(.)\/$/, '$1')
  const wanted = resolveMode(
    { path, owner, group, mode: directory_mode, recurse: false, force: false, follow: true },
    NEW_DIRECTORY,
  )
  if (typeof wanted === 'string') return `${path}: ${wanted}`
  return (
    missingAccount(facts, { owner, group }) ??
    directoryPlan(wanted, {
      ...facts,
      missingLevels: facts.missingLevels - 1,
      blockedLevels: facts.blockedLevels === undefined ? undefined : facts.blockedLevels - 1,
      realPath: typeof facts.realPath === 'string' ? posix.dirname(facts.realPath) : facts.realPath,
    })
  )
}

/** {@link planPlacement}, with the directory that is created before. */
export function planPlacementInto(placement: Placement, into: IntoDirectory, observed: Observed): Plan<PlacedFile> {
  const facts = parsePathFacts(observed)
  const creation = typeof facts === 'string' ? [] : directoryCreation(into, facts)
  if (typeof creation === 'string') return { changes: [], problem: creation }
  if (creation.length === 0) return planPlacement(placement, observed)
  const plan = planPlacement(placement, withParent(observed))
  return plan.problem === undefined ? { ...plan, changes: [...creation, ...plan.changes] } : plan
}
