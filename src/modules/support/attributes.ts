import { quote, sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import { attributesDryRun } from './append-only.ts'
import { setAttributes, setsAt } from './effects.ts'
import { allBits, octal, type Attributes, type GivenAttributes } from './params.ts'
import { attributesProblem } from './path-access.ts'
import type { PathFacts } from './path-facts.ts'
import { changeOwner } from './replace-file.ts'

const sameAccount = (wanted: string | undefined, name: string, id: number): boolean =>
  wanted === undefined || wanted === name || wanted === String(id)

/** Which of owner, group and mode differ. A link's mode is ignored. */
export function differing(facts: PathFacts, wanted: Attributes): Attributes {
  return {
    ...(sameAccount(wanted.owner, facts.user, facts.uid) ? {} : { owner: wanted.owner }),
    ...(sameAccount(wanted.group, facts.group, facts.gid) ? {} : { group: wanted.group }),
    ...(wanted.mode === undefined || wanted.mode === facts.mode || facts.kind === 'link' ? {} : { mode: wanted.mode }),
  }
}

/** Why the attributes that differ cannot be changed; undefined: nothing is known to prevent it. */
export function attributesDenied(path: string, facts: PathFacts, wanted: Attributes): string | undefined {
  const changed = differing(facts, wanted)
  return Object.keys(changed).length === 0 ? undefined : attributesProblem(path, facts, changed)
}

/** The changes that set owner, group and mode. Owner first: chown clears set-user-id bits. */
export function attributeChanges(path: string, facts: PathFacts, wanted: Attributes): Change[] {
  const { owner, group, mode } = differing(facts, wanted)
  const changes: Change[] = []
  const sets = setsAt(path, facts, setAttributes)
  const [chown] = changeOwner(quote(path), owner, group, facts.kind === 'link' ? ' -h' : '')
  if (chown !== undefined) {
    const before = `${facts.user}:${facts.group}`
    const after = `${owner ?? facts.user}:${group ?? facts.group}`
    // chown clears the set-user-id bit, so the mode is set again in the same step.
    const chmodAgain =
      wanted.mode === undefined || facts.kind === 'link' ? '' : sh` && chmod ${allBits(wanted.mode)} -- ${path}`
    changes.push({
      description: `change owner of ${path} to ${after} (was ${before})`,
      script: `${chown}${chmodAgain} || exit`,
      dryRun: attributesDryRun(path),
      sets,
    })
  }
  if (mode !== undefined) {
    changes.push({
      description: `change mode of ${path} to ${octal(mode)} (was ${octal(facts.mode)})`,
      script: sh`chmod ${allBits(mode)} -- ${path} || exit`,
      dryRun: attributesDryRun(path),
      sets,
    })
  }
  return changes
}

/** `0644, root:root`: the desired attributes; empty if there are none. */
export function describeAttributes({ owner, group, mode }: Attributes): string {
  const who =
    owner === undefined && group === undefined ? [] : [`${owner ?? ''}${group === undefined ? '' : `:${group}`}`]
  return [...(mode === undefined ? [] : [octal(mode)]), ...who].join(', ')
}

/** Why the owner or group cannot be set. */
export function missingAccount(
  facts: PathFacts,
  { owner, group }: Pick<GivenAttributes, 'owner' | 'group'>,
): string | undefined {
  if (facts.noOwner) return `user "${owner}" does not exist on this host`
  if (facts.noGroup) return `group "${group}" does not exist on this host`
  return undefined
}
